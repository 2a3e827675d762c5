// @ts-check
/** Where the player of the page stands (ms from the call's start); it answers an event. */
export function whereMs() {
  const detail = { atMs: 0 };
  document.dispatchEvent(new CustomEvent("player:where", { detail }));
  return Math.round(detail.atMs);
}

/**
 * A form that leads back to the page says where the player stood, so that it can stand there again.
 * @param {HTMLElement} root
 */
export function sayWhere(root) {
  root.addEventListener("submit", (event) => {
    if (!(event.target instanceof HTMLFormElement)) return;
    const field = event.target.elements.namedItem("at_ms");
    if (field instanceof HTMLInputElement) field.value = String(whereMs());
  });
}
