// @ts-check
/**
 * Buttons with `data-seek-ms` jump to a moment of the recording.
 */

/**
 * @param {HTMLElement} root
 * @param {(ms: number, untilMs: number | null) => void} seek `untilMs` where only a stretch is meant
 */
export function mountSeek(root, seek) {
  root.addEventListener("click", (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest("[data-seek-ms]");
    if (button instanceof HTMLElement) seek(Number(button.dataset.seekMs), button.dataset.untilMs ? Number(button.dataset.untilMs) : null);
  });
}

/**
 * The moment an address asks for, `#ms=12345`, or a stretch, `#ms=12345-20000`; null for neither.
 * @param {string} hash
 * @returns {{fromMs: number, toMs: number | null} | null}
 */
export function spanOf(hash) {
  const found = /^#ms=(\d{1,9})(?:-(\d{1,9}))?$/.exec(hash);
  return found ? { fromMs: Number(found[1]), toMs: found[2] ? Number(found[2]) : null } : null;
}
