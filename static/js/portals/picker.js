// @ts-check
/** A month's times as radios: the taken ones are greyed while one looks, the button says which is chosen. */

export const ASK_EVERY_MS = 5000;

/**
 * The words on the button for a chosen time.
 * @param {string} words - with `{time}` in it
 * @param {string} time
 */
export function wording(words, time) {
  return words.replace("{time}", time);
}

/**
 * Which of the offered starts are taken now.
 * @param {string[]} offered - ISO 8601
 * @param {string[]} free - ISO 8601, of the same moments perhaps written otherwise
 * @returns {Set<string>}
 */
export function taken(offered, free) {
  const open = new Set(free.map((start) => Date.parse(start)));
  return new Set(offered.filter((start) => !open.has(Date.parse(start))));
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLButtonElement | null} button
 * @param {{ fetchJson: (url: string) => Promise<{ free: string[] }>, every: (act: () => void, ms: number) => void }} deps
 */
export function mountPicker(form, button, deps) {
  const slots = /** @type {HTMLElement | null} */ (form.querySelector("[data-slots]"));
  const radios = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[type=radio]")]);

  function say() {
    if (!button) return;
    const chosen = radios.find((radio) => radio.checked && !radio.disabled);
    button.toggleAttribute("disabled", !chosen);
    if (chosen) button.textContent = wording(button.dataset.words ?? "{time}", chosen.dataset.time ?? "");
  }

  async function look() {
    if (!slots) return;
    let answer;
    try {
      answer = await deps.fetchJson(slots.dataset.slots ?? "");
    } catch {
      return; // the next look is near
    }
    const gone = taken(radios.map((radio) => radio.value), answer.free);
    for (const radio of radios) {
      radio.disabled = gone.has(radio.value);
      if (radio.disabled) radio.checked = false;
    }
    say();
  }

  form.addEventListener("change", say);
  deps.every(() => void look(), ASK_EVERY_MS);
  say();
  return { look };
}
