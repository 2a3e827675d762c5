// @ts-check
/**
 * The one clock that all raw tracks of a call are played by. Pure: time is passed in.
 */

/**
 * @typedef {{participant_id: string, name: string, role: string, kind: "audio"|"video",
 *   start_ms: number, end_ms: number, url: string, mime: string}} Track
 * @typedef {{id: string, kind: string, at_ms: number, payload: Record<string, unknown>}} Mark
 * @typedef {{call_id: string, duration_ms: number, ready: boolean, tracks: Track[], events: Mark[],
 *   composed_url: string|null, stage_label: string|null}} Review
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
  const active = wanted >= 0 && atMs < track.end_ms;
  if (!active) return { active: false, seekMs: null };
  const allowed = playing ? MAX_DRIFT_MS : 1;
  return { active: true, seekMs: Math.abs(elementMs - wanted) > allowed ? wanted : null };
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

/** A clock that can be started, stopped and set. */
export class CallClock {
  /**
   * @param {number} durationMs
   * @param {() => number} now milliseconds, monotonic
   */
  constructor(durationMs, now) {
    this.durationMs = durationMs;
    this.playing = false;
    this._now = now;
    this._base = 0;
    this._since = 0;
  }

  get atMs() {
    const run = this.playing ? this._now() - this._since : 0;
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
}
