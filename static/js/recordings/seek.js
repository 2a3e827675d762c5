// @ts-check
/**
 * Links to `#ms=12345` jump to a moment of the recording. Being links, they are obeyed even when they
 * are followed before the scripts have come: the address then says where the player opens.
 */

const LINKS = 'a[href^="#ms="]';

/**
 * @param {HTMLElement} root
 * @param {(ms: number, untilMs: number | null) => void} seek `untilMs` where only a stretch is meant
 */
export function mountSeek(root, seek) {
  root.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest(LINKS) : null;
    const span = link instanceof HTMLAnchorElement ? spanOf(link.hash) : null;
    if (!(link instanceof HTMLAnchorElement) || !span) return;
    event.preventDefault(); // no entry of the history a moment
    history.replaceState(null, "", link.hash);
    seek(span.fromMs, span.toMs);
  });
}

/**
 * The moment the first link inside `root` leads to; null when there is none.
 * @param {Element} root
 */
export function firstMomentMs(root) {
  const link = root.querySelector(LINKS);
  return link instanceof HTMLAnchorElement ? (spanOf(link.hash)?.fromMs ?? null) : null;
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
