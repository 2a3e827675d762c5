// @ts-check
/**
 * How long a picture is held back before it is shown, so that a lost packet can be sent again in time.
 *
 * The browser's own estimate follows the jitter of one hop; here a repair may need two rounds of a long
 * way on the other side of the room. So the loop is closed over what the person sees: a freeze makes
 * the buffer longer at once, a quiet time makes it shorter step by step. One per picture: a bad network
 * of one party delays nobody else. A way on which nothing came at all was no worse before than after: no
 * buffer bridges that, and any would only keep the first picture back.
 */
export class PlayoutBuffer {
  constructor() {
    this.targetMs = 0;
    this.freezes = 0;
    this.nacks = 0;
    this.deadUntil = -Infinity;
    this.quietSince = 0;
  }

  /**
   * @param {Seen} seen
   * @param {number} nowMs
   * @returns {number} milliseconds to hold back; 0 leaves it to the browser
   */
  next({ freezes, nacks, silentMs = 0 }, nowMs) {
    if (silentMs > DEAD_MS) {
      this.deadUntil = nowMs + BACK_WITHIN_MS;
      this.targetMs = 0; // it has run empty: the next picture is shown as it comes
    }
    if (freezes > this.freezes && nowMs >= this.deadUntil) {
      this.targetMs = this.targetMs === 0 ? FIRST_MS : Math.min(MOST_MS, this.targetMs + STEP_UP_MS);
      this.quietSince = nowMs;
    } else if (nacks > this.nacks + 1) {
      this.quietSince = nowMs; // packets are still lost: shorter would freeze again
    } else if (this.targetMs > 0 && nowMs - this.quietSince > QUIET_MS) {
      this.targetMs = Math.max(0, this.targetMs - STEP_DOWN_MS);
      this.quietSince = nowMs - QUIET_MS + STEP_DOWN_EVERY_MS;
    }
    this.freezes = freezes;
    this.nacks = nacks;
    return this.targetMs;
  }
}

const FIRST_MS = 400;
const STEP_UP_MS = 200;
const MOST_MS = 1000;
const STEP_DOWN_MS = 100;
const QUIET_MS = 20_000;
const STEP_DOWN_EVERY_MS = 4000;
const DEAD_MS = 700;
const BACK_WITHIN_MS = 4000; // a freeze is counted when it ends

/** @typedef {{ freezes: number, nacks: number, silentMs?: number }} Seen counts, and how long nothing came */

/**
 * Freezes and repeated requests of every received picture, by the line it comes through.
 * @param {{ forEach: (look: (entry: any) => void) => void }} report
 * @returns {Map<string, Seen>}
 */
export function picturesOf(report) {
  /** @type {Map<string, Seen>} */
  const seen = new Map();
  report.forEach((entry) => {
    if (entry.type !== "inbound-rtp" || entry.kind !== "video" || entry.mid === undefined) return;
    seen.set(entry.mid, {
      freezes: entry.freezeCount ?? 0,
      nacks: entry.nackCount ?? 0,
      silentMs: entry.timestamp - (entry.lastPacketReceivedTimestamp ?? entry.timestamp),
    });
  });
  return seen;
}
