// @ts-check
const AWAY_MS = 2000;

/**
 * Whether a phone call, another app or the lock screen took the camera, and what the seat is told.
 * Some phones go on calling a dead track `live`: after some time away the devices are asked for again.
 */
export class Interruption {
  /**
   * @param {(what: string, reason: string) => void} tell
   * @param {() => number} [now] milliseconds
   */
  constructor(tell, now = () => Date.now()) {
    this.tell = tell;
    this.now = now;
    this.isTold = false;
    this.hiddenAt = 0;
    /** @type {MediaStreamTrack[]} */
    this.tracks = [];
    this.onMute = () => this.#interrupted("device");
    this.onUnmute = () => this.mended();
  }

  /** The stream that is published from now on. @param {MediaStream} stream */
  watch(stream) {
    for (const track of this.tracks) {
      track.removeEventListener("mute", this.onMute);
      track.removeEventListener("unmute", this.onUnmute);
    }
    this.tracks = stream.getTracks();
    for (const track of this.tracks) {
      if (track.kind !== "video") continue;
      track.addEventListener("mute", this.onMute);
      track.addEventListener("unmute", this.onUnmute);
    }
  }

  /** The page is no longer seen. */
  hidden() {
    if (!this.tracks.length) return;
    this.hiddenAt = this.now();
    this.#interrupted("hidden");
  }

  /** A device is gone for good: it was unplugged, or taken and not given back. */
  get isDead() {
    return this.tracks.some(({ readyState }) => readyState === "ended");
  }

  /** Asked when the page is seen again. */
  needsFreshDevices() {
    const wasAway = this.hiddenAt !== 0 && this.now() - this.hiddenAt > AWAY_MS;
    this.hiddenAt = 0;
    if (wasAway || this.isDead || this.tracks.some(({ muted }) => muted)) return this.tracks.length > 0;
    this.mended();
    return false;
  }

  /** The picture is there again. */
  mended() {
    if (!this.isTold) return;
    this.isTold = false;
    this.tell("camera_back", "");
  }

  /** The devices could not be had again. */
  failed() {
    this.isTold = true;
    this.tell("camera_failed", "");
  }

  /** @param {string} reason */
  #interrupted(reason) {
    if (this.isTold) return;
    this.isTold = true;
    this.tell("camera_interrupted", reason);
  }
}
