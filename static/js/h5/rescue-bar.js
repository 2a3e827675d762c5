// @ts-check
import { onPress, the } from "./dom.js";

/** @typedef {{ state: "sending" | "done" | "waiting" | "refused", sent: number, all: number }} Rescue */

/** What the person reads of it. @param {Rescue} told */
export function rescueWord({ state, sent, all }) {
  if (state === "sending") return `正在补传断网时段的录像 ${sent}/${all}，请勿关闭本页`;
  if (state === "done") return "断网时段的录像已补传，谢谢";
  return state === "waiting" ? "断网时段的录像还没有传完" : "";
}

/**
 * One line above whichever step is shown; not during the call.
 * @param {HTMLElement} root
 * @param {{ again: () => Promise<void> }} deps
 */
export function mountRescueBar(root, { again }) {
  const bar = the(root, "#rescue", HTMLElement);
  const button = the(root, "#rescue-again", HTMLElement);
  onPress(button, again);
  return (/** @type {Rescue} */ told) => {
    const word = rescueWord(told);
    the(bar, "#rescue-word", HTMLElement).textContent = word;
    button.hidden = told.state !== "waiting";
    bar.dataset.rescue = told.state;
    bar.hidden = !word;
  };
}
