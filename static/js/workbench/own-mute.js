// @ts-check
import { byId, toast } from "./dom.js";

/**
 * The own microphone. Closed here the moment it is asked for, whatever the server says; opened again
 * only when the server has agreed: what is heard must be what the timeline tells.
 *
 * Event: `change`.
 */
export class OwnMute extends EventTarget {
  /**
   * @param {{
   *   ask: (muted: boolean) => Promise<unknown>, silence: (isSilent: boolean) => void, say: (text: string) => void,
   * }} deps `ask` rejects with what the person is to read
   */
  constructor({ ask, silence, say }) {
    super();
    this.ask = ask;
    this.silence = silence;
    this.say = say;
    /** The server's word. */
    this.isTold = false;
    /** Closed here until the server agrees to open it. */
    this.isHeld = false;
    /** @type {boolean | null} what was asked for last and is not answered */
    this.wanted = null;
    /** The server refused the mute, or was away. */
    this.isUnsaid = false;
    this.turn = 0;
  }

  /** Another call, or none: what is still to be answered does not count for it. */
  reset() {
    this.isTold = this.isHeld = this.isUnsaid = false;
    this.wanted = null;
    this.turn += 1;
  }

  get isSilent() {
    return this.isTold || this.isHeld;
  }

  /** Silent in this page alone: the server does not know of it. */
  get isHere() {
    return this.isUnsaid && this.isHeld && !this.isTold;
  }

  /** The server's word, with every state. @param {boolean} isMuted */
  tell(isMuted) {
    this.isTold = isMuted;
    if (isMuted) this.isUnsaid = false;
    this.#changed();
  }

  async toggle() {
    await this.#want(!(this.wanted ?? this.isSilent));
  }

  /** The server can be asked again. */
  again() {
    if (this.isHere && this.wanted === null) void this.#want(true);
  }

  /** @param {boolean} muted */
  async #want(muted) {
    this.turn += 1;
    const turn = this.turn;
    const wasUnsaid = this.isUnsaid;
    this.wanted = muted;
    if (muted) this.isHeld = true;
    this.#changed();
    /** @type {string | null} */
    let refusal = null;
    try {
      await this.ask(muted);
    } catch (error) {
      refusal = String(/** @type {Error} */ (error).message);
    }
    if (turn !== this.turn) return; // a later press counts
    this.wanted = null;
    if (refusal === null) {
      this.isTold = this.isHeld = muted;
      this.isUnsaid = false;
    } else if (muted) {
      this.isUnsaid = true;
      if (!wasUnsaid) this.say(`${refusal}您的麦克风已在本机关闭，对方听不到您。`);
    } else {
      this.say(`${refusal}您仍处于静音。`);
    }
    this.#changed();
  }

  #changed() {
    this.silence(this.isSilent);
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * The own microphone of a page in a call. Asked again when the server is there again.
 * @param {import("./seat-socket.js").SeatSocket} socket
 * @param {import("./call-media.js").CallMedia} media
 */
export function mountOwnMute(socket, media) {
  const mute = new OwnMute({
    ask: (muted) => socket.ask("call.mute", { muted }),
    silence: (isSilent) => media.mute(isSilent),
    say: (text) => toast(text, { bad: true }),
  });
  mute.addEventListener("change", () => show(mute));
  socket.addEventListener("up", () => mute.again());
  return mute;
}

/** The button tells what is so: also that only this page knows of the silence. @param {OwnMute} mute */
function show(mute) {
  byId("btn-mute").setAttribute("aria-pressed", String(mute.isSilent));
  byId("btn-mute").classList.toggle("ctl__btn--on", mute.isSilent);
  byId("mute-word").textContent = mute.isHere ? "本机静音" : "静音";
}
