// @ts-check
/**
 * The JavaScript SDK of the video interview. No framework, one class, events.
 *
 *   const client = new InterviewClient({ ticket, baseUrl: "https://interview.example" });
 *   const session = await client.admit(claims);
 *   await client.agree(session.consent.version);
 *   client.useMedia(await openDevices());
 *   client.addEventListener("state", ({ detail }) => draw(detail));
 *   await client.callIn();
 *
 * Everything that breaks on the way (socket, media, worker, network change) comes back by itself.
 */
import { backoffMs } from "./backoff.js";
import { deviceClaims } from "./claims.js";
import { openDevices } from "./devices.js";
import { InterviewError } from "./errors.js";
import { MediaConnection } from "./media-connection.js";
import { shownPhase, wantsMedia } from "./phase.js";
import { makeRest } from "./rest.js";
import { InterviewSocket } from "./socket.js";

export { deviceClaims, position, SDK_VERSION } from "./claims.js";
export { levelMeter, openDevices } from "./devices.js";
export { InterviewError } from "./errors.js";

/**
 * @typedef {import("./phase.js").Phase} Phase
 * @typedef {import("./media-connection.js").VideoQuality} VideoQuality
 * @typedef {{
 *   id: string, role: "seat" | "customer", name: string, staff_no: string | null, state: string,
 *   muted: boolean, reconnect_until_unix_ms: number | null,
 * }} Participant
 * @typedef {{
 *   id: string, state: string, live_unix_ms: number | null, clock_unix_ms: number,
 *   participants: Participant[],
 * }} CallView
 * @typedef {{ id: string, at_ms: number, participant_id: string | null, text: string }} Message
 * @typedef {{
 *   message: string, receipt_no: string, product_name: string, started_unix_ms: number,
 *   ended_unix_ms: number | null, missing: { name: string, roles: string[] }[],
 * }} Completion
 * @typedef {{
 *   server_time_unix_ms: number, product: string, bank: string,
 *   gps: { latitude: number, longitude: number } | null,
 * }} Labels
 * @typedef {{
 *   phase: Phase, request: Record<string, any> | null, call: CallView | null,
 *   participant_id: string | null, labels: Labels, messages: Message[], script: string | null,
 *   guide: string | null, ended: Completion | null,
 * }} State
 * @typedef {{
 *   version: string, title: string, points: { title: string, text: string }[], agree: string,
 *   place_agree: string, agreed: boolean,
 * }} ConsentText
 * @typedef {{
 *   party: { id: string, name: string, roles: string[] },
 *   task: { id: string, contract_no: string, product_name: string, state: string },
 *   service_types: string[], service_type: string, consent: ConsentText, labels: Labels,
 *   ice_servers: RTCIceServer[], remote_slots: number, heartbeat_s: number,
 *   reconnect_window_s: number,
 * }} Session
 */

/**
 * Events: `state` (detail: State, `phase` as the person should see it), `tiles` (detail:
 * Map<participant id, MediaStream>), `ended` (detail: Completion), `refused` (detail:
 * InterviewError; final), `quality` (detail), `media` (detail: {isUp}), `local` (detail: the new
 * own stream), `trouble` (detail: InterviewError; a device that could not be had again).
 */
export class InterviewClient extends EventTarget {
  /**
   * @param {{ ticket?: string, baseUrl?: string, video?: VideoQuality }} [options]
   */
  constructor({ ticket = "", baseUrl = "", video = {} } = {}) {
    super();
    this.ticket = ticket;
    this.baseUrl = baseUrl.replace(/\/$/, "");
    this.quality = video;
    this.rest = makeRest(this.baseUrl);
    this.token = "";
    /** @type {Session | null} */
    this.session = null;
    /** @type {State | null} */
    this.state = null;
    /** Add to Date.now() for the server's time. */
    this.clockOffsetMs = 0;
    /** @type {InterviewSocket | null} */
    this.socket = null;
    /** @type {MediaConnection | null} */
    this.media = null;
    this.mediaEpoch = 0;
    /** @type {MediaStream | null} */
    this.local = null;
    /** @type {"user" | "environment"} */
    this.facing = "user";
    this.wasLive = false;
    /** Going out is said once: news that was on its way must not bring the media back. */
    this.hasLeft = false;
    this.mediaAttempt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.mediaTimer = undefined;
    this.isReopening = false;
    this.wake = () => this.#wake();
    this.trackEnded = () => void this.#reopenDevices();
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
  }

  /**
   * Exchange the ticket (SDK-1). A refusal leaves the ticket good until it expires.
   * @param {Record<string, unknown>} [claims]
   * @returns {Promise<Session>}
   */
  async admit(claims = deviceClaims(navigator)) {
    const admitted = await this.rest("POST", "admission", { body: { ticket: this.ticket, claims } });
    this.token = admitted.token;
    return this.#begin(admitted.session);
  }

  /**
   * Go on with a token kept from before a reload.
   * @param {string} token
   * @returns {Promise<Session>}
   */
  async resume(token) {
    const session = await this.rest("GET", "session", { token });
    this.token = token;
    return this.#begin(session);
  }

  /** @param {string} version of the text that was shown */
  async agree(version) {
    await this.rest("POST", "consent", { token: this.token, body: { text_version: version } });
  }

  /** SDK-6: the position for the data labels. @param {{ latitude: number, longitude: number, accuracy_m?: number }} gps */
  async sharePosition(gps) {
    await this.rest("POST", "position", { token: this.token, body: gps });
  }

  /** The stream that is published. @param {MediaStream} stream */
  useMedia(stream) {
    this.local = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", this.trackEnded);
    }
    this.dispatchEvent(new CustomEvent("local", { detail: stream }));
    this.#keepMedia();
  }

  /** Enter the line, or the running call. @param {{ serviceType?: string }} [choice] */
  async callIn({ serviceType = "" } = {}) {
    await this.rest("POST", "calls", { token: this.token, body: { service_type: serviceType } });
    this.hasLeft = false;
    this.#keepMedia();
    this.#openSocket();
  }

  /** Listen without calling in: after a reload, the server knows where we are. */
  listen() {
    this.#openSocket();
  }

  /** @param {string} text */
  async say(text) {
    await this.socket?.ask("chat.send", { text });
  }

  /** Stop waiting or go out of the call; calling in again is possible. */
  async leave() {
    this.hasLeft = true;
    this.#dropMedia();
    try {
      await this.rest("DELETE", "calls", { token: this.token });
    } catch (error) {
      this.hasLeft = false; // the server still counts us in
      this.#keepMedia("returned");
      throw error;
    }
  }

  /** @param {boolean} isMuted */
  muteMicrophone(isMuted) {
    for (const track of this.local?.getAudioTracks() ?? []) track.enabled = !isMuted;
  }

  /** SDK-7: front or back camera, in the same line. */
  async switchCamera() {
    const facing = this.facing === "user" ? "environment" : "user";
    await this.#newCamera(facing);
    this.facing = facing;
  }

  /** SDK-9. @param {VideoQuality} quality */
  async setVideoQuality(quality) {
    this.quality = { ...this.quality, ...quality };
    await this.media?.setQuality(this.quality);
  }

  /** Server time, Unix milliseconds. */
  serverNow() {
    return Date.now() + this.clockOffsetMs;
  }

  /** Make a new media connection now (the person pressed 立即重连). */
  reconnect() {
    this.mediaAttempt = 0;
    this.socket?.wake();
    this.#dropMedia();
    this.#keepMedia("returned");
  }

  /** End of everything here; the call itself goes on until the seat ends it. */
  close() {
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    this.#dropMedia();
    this.socket?.close();
    for (const track of this.local?.getTracks() ?? []) track.stop();
  }

  /** @param {Session} session */
  #begin(session) {
    this.session = session;
    this.clockOffsetMs = session.labels.server_time_unix_ms - Date.now();
    return session;
  }

  #openSocket() {
    if (this.socket) return;
    const base = new URL(this.baseUrl || location.href, location.href);
    base.protocol = base.protocol === "https:" ? "wss:" : "ws:";
    const socket = new InterviewSocket({
      url: new URL("/ws/sdk/v1/", base).href,
      token: this.token,
      heartbeatS: this.session?.heartbeat_s ?? 10,
    });
    this.socket = socket;
    socket.addEventListener("up", () => this.#show());
    socket.addEventListener("down", () => this.#show());
    socket.addEventListener("frame", (event) => this.#receive(/** @type {CustomEvent} */ (event).detail));
    socket.addEventListener("refused", (event) => {
      this.dispatchEvent(new CustomEvent("refused", { detail: /** @type {CustomEvent} */ (event).detail }));
    });
    socket.open();
  }

  /** @param {any} frame */
  #receive(frame) {
    if (frame.type === "state") {
      this.state = frame.state;
      this.clockOffsetMs = frame.state.labels.server_time_unix_ms - Date.now();
      this.#keepMedia();
      this.#show();
      if (frame.state.ended) this.#finish(frame.state.ended);
    } else if (frame.type === "slots") {
      if (this.media?.legId === frame.leg_id) this.media?.assign(frame.slots);
    } else if (frame.type === "media.reconnect") {
      this.mediaAttempt = 0;
      this.mediaEpoch = frame.media_epoch;
      this.#moveMedia();
    } else if (frame.type === "quality") {
      this.dispatchEvent(new CustomEvent("quality", { detail: frame }));
    }
  }

  /** @param {Completion} completion */
  #finish(completion) {
    this.#dropMedia();
    this.dispatchEvent(new CustomEvent("ended", { detail: completion }));
  }

  #show() {
    const told = this.state;
    if (!told) return;
    const isMediaUp = this.media?.isConnected ?? false;
    const phase = shownPhase(told.phase, {
      wasLive: this.wasLive,
      isSocketUp: this.socket?.isUp ?? false,
      isMediaUp,
    });
    this.wasLive = phase === "live" || (this.wasLive && wantsMedia(told.phase));
    this.dispatchEvent(new CustomEvent("state", { detail: { ...told, phase } }));
  }

  /**
   * Have a media connection whenever the phase asks for one, and none otherwise.
   * @param {"first" | "lost" | "stalled" | "told" | "returned"} [reason]
   */
  #keepMedia(reason = "first") {
    const state = this.state;
    if (this.hasLeft || !state || !state.participant_id || !wantsMedia(state.phase)) {
      this.#dropMedia();
      this.mediaEpoch = 0;
      return;
    }
    const isForgotten =
      state.phase === "reconnecting" && this.media?.isConnected && Date.now() - this.media.startedAt > 6000;
    if (isForgotten) this.#dropMedia(); // the server hears nothing of us although we think it does
    if (this.media || this.mediaTimer !== undefined || !this.local || !this.socket?.isUp) return;
    void this.#connectMedia(isForgotten ? "lost" : reason);
  }

  /** @param {string} reason */
  async #connectMedia(reason) {
    const { session, socket, local } = this;
    if (!session || !socket || !local) return;
    const media = new MediaConnection({
      iceServers: session.ice_servers,
      remoteSlots: session.remote_slots,
      local,
      quality: this.quality,
      offer: (sdp) => socket.ask("media.offer", { sdp, reason }),
    });
    this.media = media;
    media.addEventListener("connected", () => {
      this.mediaAttempt = 0;
      this.dispatchEvent(new CustomEvent("media", { detail: { isUp: true } }));
      this.#show();
    });
    media.addEventListener("tiles", () => {
      this.dispatchEvent(new CustomEvent("tiles", { detail: media.tiles() }));
    });
    media.addEventListener("lost", (event) => this.#retry(media, /** @type {CustomEvent} */ (event).detail));
    try {
      await media.connect();
      if (this.media === media) this.#moveMedia(); // told while the answer was on its way
    } catch (error) {
      media.close();
      // Refused for good (call over, consent missing): the next state says what to do.
      if (error instanceof InterviewError && !error.retryable) this.#forget(media);
      else this.#retry(media, "lost");
    }
  }

  /**
   * Follow the call to its new media worker. A connection that is already there, or on its way,
   * stays: closing it would be one more interruption on the recording.
   */
  #moveMedia() {
    if (this.media && !this.media.isOutdated(this.mediaEpoch)) return;
    this.#dropMedia();
    this.#keepMedia("told");
  }

  /** @param {MediaConnection} media */
  #forget(media) {
    if (this.media === media) this.media = null;
  }

  /**
   * @param {MediaConnection} media
   * @param {"lost" | "stalled"} reason
   */
  #retry(media, reason) {
    if (this.media !== media) return;
    this.media = null;
    this.dispatchEvent(new CustomEvent("media", { detail: { isUp: false } }));
    this.#show();
    this.mediaTimer = setTimeout(() => {
      this.mediaTimer = undefined;
      this.#keepMedia(reason);
    }, backoffMs(this.mediaAttempt));
    this.mediaAttempt += 1;
  }

  #dropMedia() {
    clearTimeout(this.mediaTimer);
    this.mediaTimer = undefined;
    const media = this.media;
    this.media = null;
    if (!media) return;
    media.close();
    this.dispatchEvent(new CustomEvent("media", { detail: { isUp: false } }));
  }

  #wake() {
    if (document.visibilityState === "hidden") return;
    this.socket?.wake();
    this.#keepMedia("returned");
    const isCameraDead = this.local?.getVideoTracks().some((track) => track.readyState === "ended");
    if (isCameraDead) void this.#reopenDevices();
  }

  /** A phone call or another app took the devices away (the track says `ended`): ask again. */
  async #reopenDevices() {
    const isWanted = this.local && !this.state?.ended && document.visibilityState !== "hidden";
    if (!isWanted || this.isReopening) return;
    this.isReopening = true;
    try {
      const fresh = await openDevices({ facing: this.facing });
      for (const track of fresh.getTracks()) await this.media?.replace(track);
      this.useMedia(fresh);
    } catch (error) {
      this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
    } finally {
      this.isReopening = false;
    }
  }

  /** @param {"user" | "environment"} facing */
  async #newCamera(facing) {
    const old = this.local;
    if (!old) return;
    for (const track of old.getVideoTracks()) track.stop(); // phones open one camera at a time
    const fresh = await openDevices({ facing, audio: false });
    const [camera] = fresh.getVideoTracks();
    if (!camera) return;
    await this.media?.replace(camera);
    this.useMedia(new MediaStream([...old.getAudioTracks(), camera]));
  }
}
