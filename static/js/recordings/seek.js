// @ts-check
/**
 * Buttons with `data-seek-ms` jump to a moment of the recording.
 */

/**
 * @param {HTMLElement} root
 * @param {(ms: number) => void} seek
 */
export function mountSeek(root, seek) {
  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("[data-seek-ms]");
    if (button instanceof HTMLElement) seek(Number(button.dataset.seekMs));
  });
}
