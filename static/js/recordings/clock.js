// @ts-check
/**
 * The one clock that all raw tracks of a call are played by. Pure: time is passed in.
 */

/**
 * @typedef {{participant_id: string, name: string, role: string, kind: "audio"|"video",
 *   start_ms: number, end_ms: number, url: string, mime: string,
 *   source?: string, shown_from_ms?: number, shown_until_ms?: number}} Track
 *   with `source`: the customer's own device recorded it, sound and picture in one file; it is looked
 *   at from `shown_from_ms` until `shown_until_ms` instead of what did not arrive
 * @typedef {{id: string, kind: string, at_ms: number, until_ms?: number|null,
 *   participant_id?: string|null, payload: Record<string, unknown>}} Mark
 * @typedef {{call_id: string, duration_ms: number, ready: boolean, tracks: Track[], events: Mark[],
 *   composed_url: string|null, composed_mime?: string|null,
 *   waves?: Record<string, string>, composed_starts_at_ms?: number, stage_label: string|null,
 *   reel?: import("./reel.js").Reel | null}} Review
 */

/** A media element further away than this from where it should be is set back. */
export const MAX_DRIFT_MS = 120;

/**
 * What an element has to do now to be at the right place of its track.
 * @param {Track} track
 * @param {number} atMs moment on the call's clock
 * @param {number} elementMs where the element is
 * @param {boolean} playing whether the clock runs
 * @returns {{active: boolean, seekMs: number|null}}
 */
export function placement(track, atMs, elementMs, playing) {
  const wanted = atMs - track.start_ms;
  const active = atMs >= (track.shown_from_ms ?? track.start_ms) && atMs < (track.shown_until_ms ?? track.end_ms);
  if (!active) return { active: false, seekMs: null };
  const allowed = playing ? MAX_DRIFT_MS : 1;
  return { active: true, seekMs: Math.abs(elementMs - wanted) > allowed ? wanted : null };
}

/**
 * How far a moment is from a part's stretch; 0 inside.
 * @param {Track} track
 * @param {number} atMs
 */
export function awayMs(track, atMs) {
  const from = track.shown_from_ms ?? track.start_ms;
  const until = track.shown_until_ms ?? track.end_ms;
  return Math.max(0, from - atMs, atMs - until);
}

/**
 * Whose own device is looked at in this moment.
 * @param {readonly Track[]} tracks
 * @param {number} atMs
 */
export function rescuedAt(tracks, atMs) {
  const active = tracks.filter((track) => track.source && placement(track, atMs, 0, true).active);
  return new Set(active.map((track) => track.participant_id));
}

/**
 * 00:12:31
 * @param {number} ms
 */
export function clockText(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  return [s / 3600, (s / 60) % 60, s % 60]
    .map((part) => String(Math.floor(part)).padStart(2, "0"))
    .join(":");
}

/** A clock that can be started, stopped, set and run faster. */
export class CallClock {
  /**
   * @param {number} durationMs
   * @param {() => number} now milliseconds, monotonic
   */
  constructor(durationMs, now) {
    this.durationMs = durationMs;
    this.playing = false;
    this.rate = 1;
    this._now = now;
    this._base = 0;
    this._since = 0;
  }

  get atMs() {
    const run = this.playing ? (this._now() - this._since) * this.rate : 0;
    return Math.min(this.durationMs, this._base + run);
  }

  play() {
    if (this.playing) return;
    if (this._base >= this.durationMs) this._base = 0;
    this._since = this._now();
    this.playing = true;
  }

  pause() {
    this._base = this.atMs;
    this.playing = false;
  }

  /** @param {number} ms */
  seek(ms) {
    this._base = Math.max(0, Math.min(this.durationMs, ms));
    this._since = this._now();
  }

  /** @param {number} rate 1 is the speed of the call */
  setRate(rate) {
    this.seek(this.atMs);
    this.rate = rate;
  }
}

/**
 * @param {Track[]} tracks
 * @returns {{id: string, name: string, role: string, tracks: Track[]}[]} one entry a person, in order
 */
export function byParticipant(tracks) {
  /** @type {Map<string, {id: string, name: string, role: string, tracks: Track[]}>} */
  const people = new Map();
  for (const track of tracks) {
    const person = people.get(track.participant_id);
    if (person) person.tracks.push(track);
    else people.set(track.participant_id, { id: track.participant_id, name: track.name, role: track.role, tracks: [track] });
  }
  return [...people.values()];
}
