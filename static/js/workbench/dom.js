// @ts-check
/** What only a page with the workbench's skeleton needs; the rest is of every page. */
import { byId, el } from "../ui/dom.js";

export { byId, clock, el, icon } from "../ui/dom.js";

/** @param {number} bytes */
export function size(bytes) {
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/**
 * @param {string} text
 * @param {{ bad?: boolean }} [options]
 */
export function toast(text, { bad = false } = {}) {
  const shown = el("p", { class: bad ? "toast toast--bad" : "toast" }, text);
  byId("toasts").append(shown);
  setTimeout(() => shown.remove(), bad ? 6000 : 3000);
}
