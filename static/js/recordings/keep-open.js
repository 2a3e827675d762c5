// @ts-check
/** Keeps an open page's ticket alive, and tells it how far the upload is. */
import { isSettled } from "./upload.js";

/** @typedef {import("./clock.js").Review & {ticket: string, upload: import("./upload.js").Upload | null}} View */

export const SOON_MS = 3000;
export const LATER_MS = 120_000;

/** How long to wait before asking again. @param {View} view */
export const waitMs = (view) => (view.upload && !isSettled(view.upload) ? SOON_MS : LATER_MS);

/**
 * @param {string} url of review.json
 * @param {View} first
 * @param {(view: View) => void} onView
 */
export function keepOpen(url, first, onView) {
  let ticket = first.ticket;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;

  async function ask() {
    clearTimeout(timer);
    let next = LATER_MS;
    const answer = await fetch(`${url}?t=${encodeURIComponent(ticket)}`).catch(() => null);
    if (answer?.ok) {
      const view = /** @type {View} */ (await answer.json());
      ticket = view.ticket;
      next = waitMs(view);
      onView(view);
    }
    timer = setTimeout(() => void ask(), next);
  }

  timer = setTimeout(() => void ask(), waitMs(first));
  return { now: () => void ask(), stop: () => clearTimeout(timer) };
}
