// @ts-check
/** How a call makes itself heard between calls: tone, title and, when allowed, a desktop notification. */
import { toneOf } from "./tone.js";

const EVERY_MS = 3000;
const NOTES = /** @type {const} */ ([[0, 660], [0.22, 880]]);

/**
 * @param {{ title: () => string, Notify?: typeof Notification, now?: () => AudioContext }} options
 */
export function mountRing({ title, Notify = globalThis.Notification, now = () => new AudioContext() }) {
  const tone = toneOf(now);
  const sound = () => tone(NOTES);
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer = undefined;
  /** @type {Notification | null} */
  let shown = null;
  let ringingFor = "";

  function stop() {
    clearInterval(timer);
    timer = undefined;
    ringingFor = "";
    shown?.close();
    shown = null;
  }

  return {
    /** Ask once, from a gesture; refused is refused. */
    allow() {
      if (Notify && Notify.permission === "default") void Notify.requestPermission();
    },
    /** @param {{ offer_id: string, product_name: string } | null} offer */
    show(offer) {
      if (!offer) {
        stop();
        return;
      }
      if (ringingFor === offer.offer_id) return;
      stop();
      ringingFor = offer.offer_id;
      sound();
      timer = setInterval(sound, EVERY_MS);
      // No name: a notification lies on the desktop for everybody to see.
      if (Notify?.permission === "granted" && document.hidden) {
        shown = new Notify(title(), { body: offer.product_name, requireInteraction: true });
        shown.addEventListener("click", () => window.focus());
      }
    },
    isRinging: () => timer !== undefined,
    stop,
  };
}
