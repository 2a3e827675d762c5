// @ts-check
/**
 * Tells when the media path is dead although the browser still calls it connected (it notices a
 * silent peer only after half a minute). Fed with the bytes seen by `getStats`.
 */
export class StallWatch {
  /** @param {number} [patienceMs] how long nothing may come or be acknowledged */
  constructor(patienceMs = 4000) {
    this.patienceMs = patienceMs;
    /** @type {number | null} */
    this.aliveAt = null;
    this.bytes = -1;
  }

  /**
   * @param {number} bytesReceived RTP and RTCP bytes of the transport, which only grow
   * @param {number} nowMs
   * @returns {boolean} true when the path has been silent for longer than the patience
   */
  isStalled(bytesReceived, nowMs) {
    if (this.aliveAt === null || bytesReceived !== this.bytes) {
      this.aliveAt = nowMs;
      this.bytes = bytesReceived;
    }
    return nowMs - this.aliveAt > this.patienceMs;
  }
}
