// @ts-check
/** @typedef {"ready" | "waiting" | "ringing" | "connecting" | "live" | "reconnecting" | "ended"} Phase */

/**
 * What the person should see: the server's phase, unless this device knows of a break first.
 * @param {Phase} told the server's
 * @param {{ wasLive: boolean, isSocketUp: boolean, isMediaUp: boolean }} here
 * @returns {Phase}
 */
export function shownPhase(told, { wasLive, isSocketUp, isMediaUp }) {
  if (told === "ended" || told === "ready") return told;
  if (!isSocketUp) return wasLive ? "reconnecting" : told;
  if (told === "live" && !isMediaUp) return wasLive ? "reconnecting" : "connecting";
  if (told === "connecting" && wasLive) return "reconnecting";
  return told;
}

/** Whether a media connection belongs to the phase. @param {Phase} told */
export function wantsMedia(told) {
  return told === "connecting" || told === "live" || told === "reconnecting";
}
