// @ts-check
/** 要点集锦 on the page of a recording: asked for, on its way, there. */

/**
 * @typedef {{from_ms: number, to_ms: number, at_ms: number}} Stretch of the call, and where it begins
 *   in the reel
 * @typedef {{state: "none" | "making" | "failed" | "made", percent: number, url: string | null,
 *   stretches: Stretch[]}} Reel
 */

/** Whether it is worth asking soon how far it is. @param {Reel | null | undefined} reel */
export const isMaking = (reel) => reel?.state === "making";

/**
 * Where the clock stands among the stretches: in one, or at the begin of the next; null behind the last.
 * @param {readonly Stretch[]} stretches
 * @param {number} atMs
 * @returns {{atMs: number, stretch: Stretch} | null}
 */
export function within(stretches, atMs) {
  const stretch = stretches.find((each) => atMs < each.to_ms);
  return stretch ? { atMs: Math.max(atMs, stretch.from_ms), stretch } : null;
}

/** @param {readonly Stretch[]} stretches @param {number} atMs */
export const isShown = (stretches, atMs) => within(stretches, atMs)?.atMs === atMs;

/** @param {Reel} reel */
export function reelText(reel) {
  if (reel.state === "making") return `要点集锦生成中 ${reel.percent}%，可关闭页面，后台继续`;
  if (reel.state === "failed") return "要点集锦未能生成，可再试一次";
  return "";
}

/**
 * @param {HTMLElement} root holds a form, a `progress` and a `[data-reel-text]`
 * @param {Reel | null | undefined} reel
 */
export function showReel(root, reel) {
  root.hidden = !reel || reel.state === "made";
  if (!reel) return;
  const form = root.querySelector("form");
  const bar = root.querySelector("progress");
  if (form) form.hidden = isMaking(reel);
  if (bar) {
    bar.hidden = !isMaking(reel);
    bar.value = reel.percent;
  }
  say(root, reelText(reel));
}

/**
 * Its button asks for one; `asked` hears that one is on its way.
 * @param {HTMLElement} root
 * @param {() => void} asked
 */
export function mountReel(root, asked) {
  root.querySelector("form")?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = /** @type {HTMLFormElement} */ (event.currentTarget);
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (answer?.ok) asked();
    else say(root, answer && answer.status < 500 ? await answer.text() : "未能提交，请重试。");
  });
}

/** @param {HTMLElement} root @param {string} text */
function say(root, text) {
  const words = root.querySelector("[data-reel-text]");
  if (words) words.textContent = text;
}
