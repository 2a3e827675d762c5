// @ts-check
/** The player's keys. Pure decision, one listener. */

/**
 * @typedef {{toggle: () => void, by: (ms: number) => void, frame: (frames: number) => void,
 *   next: () => void, previous: () => void, faster: () => void, slower: () => void}} PlayerActs
 */

/** For the help of the page: what is pressed, what comes of it. */
export const PLAYER_KEYS = Object.freeze([
  ["空格", "播放 / 暂停"],
  ["← →", "后退 / 前进 5 秒"],
  [", .", "上一帧 / 下一帧"],
  ["P N", "上一个 / 下一个标记"],
  ["[ ]", "慢 / 快"],
]);

/**
 * The act of a key, or null: while one writes, or with a modifier, keys belong to the page.
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "altKey" | "metaKey" | "isComposing">} event
 * @param {boolean} isWriting
 * @returns {((acts: PlayerActs) => void) | null}
 */
export function playerKey(event, isWriting) {
  if (isWriting || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return null;
  switch (event.key) {
    case " ": return (acts) => acts.toggle();
    case "ArrowLeft": return (acts) => acts.by(-5000);
    case "ArrowRight": return (acts) => acts.by(5000);
    case ",": return (acts) => acts.frame(-1);
    case ".": return (acts) => acts.frame(1);
    case "n": return (acts) => acts.next();
    case "p": return (acts) => acts.previous();
    case "]": return (acts) => acts.faster();
    case "[": return (acts) => acts.slower();
    default: return null;
  }
}

/**
 * @param {HTMLElement} root keys work while the page shows this
 * @param {AbortSignal} signal
 * @param {PlayerActs} acts
 */
export function mountKeys(root, signal, acts) {
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.defaultPrevented || !root.isConnected) return;
      const at = event.target;
      // A focused button or field has its own use of the space bar and the arrows.
      const isTaken = at instanceof Element && at.closest("input, textarea, select, button, a, [contenteditable]") !== null;
      const act = playerKey(event, isTaken);
      if (!act) return;
      event.preventDefault();
      act(acts);
    },
    { signal },
  );
}
