// @ts-check
/** @typedef {"ready" | "waiting" | "ringing" | "knocking" | "connecting" | "live" | "reconnecting" | "elsewhere" | "ended"} Phase */

/**
 * What the person should see: the server's phase, unless this device knows of a break first.
 * @param {Phase} told the server's
 * @param {{ wasLive: boolean, isSocketUp: boolean, isMediaUp: boolean }} here
 * @returns {Phase}
 */
export function shownPhase(told, { wasLive, isSocketUp, isMediaUp }) {
  if (told === "ended" || told === "ready" || told === "knocking") return told;
  if (!isSocketUp) return wasLive ? "reconnecting" : told;
  if (told === "live" && !isMediaUp) return wasLive ? "reconnecting" : "connecting";
  if (told === "connecting" && wasLive) return "reconnecting";
  return told;
}

/**
 * Whether another device of the same party has the place now: the server names a connection that this
 * device never made although it has made some. Whoever came last has it; nobody takes it back by himself.
 * @param {string | null | undefined} told the connection that is up
 * @param {ReadonlySet<string>} own every connection this device has made
 */
export function isTakenOver(told, own) {
  return Boolean(told) && own.size > 0 && !own.has(String(told));
}

/** Whether a media connection belongs to the phase. @param {Phase} told */
export function wantsMedia(told) {
  return told === "connecting" || told === "live" || told === "reconnecting";
}
