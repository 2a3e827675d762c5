// @ts-check
/** Keeps an open page's ticket alive, and tells it how far the upload and the reel are. */
import { isMaking } from "./reel.js";
import { isSettled } from "./upload.js";

/** @typedef {import("./clock.js").Review & {ticket: string, upload: import("./upload.js").Upload | null}} View */

export const SOON_MS = 3000;
export const LATER_MS = 120_000;

/** How long to wait before asking again. @param {View} view */
export const waitMs = (view) => ((view.upload && !isSettled(view.upload)) || isMaking(view.reel) ? SOON_MS : LATER_MS);

/** So often a page asks at once for what was refused; then it only keeps its ticket. */
export const TRIES = 5;

/** Before the try of that number: none, 3 s, 6 s, … @param {number} number */
export const retryMs = (number) => (number ? SOON_MS * 2 ** (number - 1) : 0);

/**
 * The address to read again for what could not be read: only a new ticket makes a difference.
 * @param {string} failed the address that was refused
 * @param {string} fresh
 */
export const readAgain = (failed, fresh) => (failed === fresh ? null : fresh);

/**
 * `refused` asks for a new ticket: at once, later every time, and after TRIES no more until a ticket
 * was found alive.
 * @param {string} url of review.json
 * @param {View} first
 * @param {(view: View) => void} onView
 */
export function keepOpen(url, first, onView) {
  let ticket = first.ticket;
  let tries = 0;
  let hurries = false;
  /** @type {ReturnType<typeof setTimeout>} */
  let timer;

  /** @param {number} ms */
  function askIn(ms) {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), ms);
  }

  async function ask() {
    let next = LATER_MS;
    const answer = await fetch(`${url}?t=${encodeURIComponent(ticket)}`).catch(() => null);
    const hurried = hurries;
    hurries = false;
    if (answer?.ok) {
      const view = /** @type {View} */ (await answer.json());
      if (!hurried && view.ticket === ticket) tries = 0;
      ticket = view.ticket;
      next = waitMs(view);
      onView(view);
    }
    if (!hurries) askIn(next); // what was refused meanwhile has set its own time
  }

  function refused() {
    if (hurries || tries >= TRIES) return;
    hurries = true;
    askIn(retryMs(tries));
    tries += 1;
  }

  askIn(waitMs(first));
  return { refused, ask: () => askIn(0), stop: () => clearTimeout(timer) };
}
