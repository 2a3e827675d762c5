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
import { Interruption } from "./interruption.js";
import { InterviewError } from "./errors.js";
import { cameraFor, MediaConnection, withinLimits } from "./media-connection.js";
import { testNetwork } from "./network-test.js";
import { isTakenOver, shownPhase, wantsMedia } from "./phase.js";
import { makeRest } from "./rest.js";
import { InterviewSocket } from "./socket.js";
import { takeStill, uploadStill } from "./still.js";

export { deviceClaims, position, SDK_VERSION } from "./claims.js";
export { levelMeter, openDevices } from "./devices.js";
export { InterviewError } from "./errors.js";
export { hostOf, remediesFor } from "./remedies.js";

const RESCUE_KBPS = 500;
const RESCUE_AFTER_MS = 3000;
/** Nobody knows whether the request arrived. */
const LOST = new Set(["offline", "timeout"]);

/**
 * @typedef {import("./phase.js").Phase} Phase
 * @typedef {import("./media-connection.js").VideoQuality} VideoQuality
 * @typedef {{
 *   id: string, role: "seat" | "customer" | "supervisor", name: string, staff_no: string | null, state: string,
 *   muted: boolean, reconnect_until_unix_ms: number | null,
 * }} Participant
 * @typedef {{
 *   id: string, title: string, state: "PLAYING" | "PAUSED", state_label: string, no_skip: boolean,
 *   position_ms: number, duration_ms: number,
 * }} PlayOut
 * @typedef {{
 *   id: string, state: string, live_unix_ms: number | null, clock_unix_ms: number,
 *   recording_on: boolean, participants: Participant[], listeners?: Participant[], share: { title: string, at_ms: number } | null,
 *   playout: PlayOut | null,
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
 *   id: string, title: string, lines: [string, string][], sha256: string, accepted: boolean | null,
 * }} Card
 * @typedef {{ id: string, kind: string, kind_label: string }} StillAsked
 * @typedef {{ position: number, ahead: number, waiting: number, least_s: number | null, most_s: number | null }} QueuePlace
 * @typedef {{
 *   phase: Phase, request: Record<string, any> | null, call: CallView | null,
 *   participant_id: string | null, leg_id?: string | null, labels: Labels, messages: Message[], script: string | null,
 *   guide: string | null, card: Card | null, still: StillAsked | null, ended: Completion | null,
 * }} State
 * @typedef {{
 *   version: string, title: string, points: { title: string, text: string }[], agree: string,
 *   place_agree: string, agreed: boolean,
 * }} ConsentText
 * @typedef {{
 *   kind: string, text_version: string, title: string, text: string, alternative: string, agreed: boolean,
 * }} Recognition a kind that the bank uses on pictures the seat takes, with its own consent
 * @typedef {{
 *   network_test_s: number, queue_display: boolean, face_reminder: boolean, follow_position: boolean, rating: boolean, local_rescue: boolean, recognition: Recognition[],
 * }} Options
 * @typedef {{
 *   purpose: "call" | "check", options: Options,
 *   party: { id: string, name: string, roles: string[] },
 *   task: { id: string, contract_no: string, product_name: string, state: string },
 *   bring: string[], service_types: string[], service_type: string, consent: ConsentText, labels: Labels,
 *   ice_servers: RTCIceServer[], remote_slots: number, heartbeat_s: number,
 *   reconnect_window_s: number, video: import("./media-connection.js").VideoLimits,
 * }} Session
 */

/**
 * Events: `state` (detail: State, `phase` as the person should see it), `tiles` (detail:
 * Map<participant id, MediaStream>; the ids `share` and `media` are what is shown to everybody),
 * `playout` (detail: {id, position_ms}, about once a second while an item plays), `ended` (detail: Completion), `refused` (detail:
 * InterviewError; final), `quality` (detail), `media` (detail: {isUp}), `local` (detail: the new
 * own stream), `trouble` (detail: InterviewError; a device that could not be had again), `still`
 * (detail: StillAsked; the seat asks for a picture of the camera: answer with `sendStill`), `rescue` (detail:
 * {state: "sending" | "done" | "waiting" | "refused", sent, all}: what this device kept of a break is being sent).
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
    /** @type {Set<string>} every media connection of this device */
    this.ownLegs = new Set();
    /** Another device of the party has the place: this one is quiet until it is asked for again. */
    this.isElsewhere = false;
    this.mediaAttempt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.mediaTimer = undefined;
    this.isReopening = false;
    this.isPluggedIn = false; // a device came while others were being asked for
    this.stillShown = "";
    this.hasToldDeclined = false;
    /** The device's own recording, where it is switched on. @type {Awaited<ReturnType<typeof import("./rescue.js").startRescue>> | null} */
    this.rescue = null;
    /** The state of the own place when it was last told. */
    this.ownState = "";
    this.interruption = new Interruption((what, reason) => void this.report(what, reason));
    this.wake = () => this.#wake();
    this.trackEnded = () => void this.#reopenDevices();
    addEventListener("online", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.plugged = () => this.#pluggedIn();
    navigator.mediaDevices?.addEventListener?.("devicechange", this.plugged);
  }

  /**
   * Exchange the ticket (SDK-1). A refusal leaves the ticket good until it expires.
   * @param {Record<string, unknown>} [claims]
   * @returns {Promise<Session>}
   */
  async admit(claims = deviceClaims(navigator)) {
    const key = crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`;
    const ask = () => this.rest("POST", "admission", { body: { ticket: this.ticket, claims }, key });
    const admitted = await ask().catch((error) => {
      // The ticket works once: an answer that was lost on the way is given again for the same key.
      if (error instanceof InterviewError && LOST.has(error.code)) return ask();
      throw error;
    });
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
    await this.#loadRescue();
  }

  /** SDK-6: the position for the data labels. @param {{ latitude: number, longitude: number, accuracy_m?: number }} gps */
  async sharePosition(gps) {
    await this.rest("POST", "position", { token: this.token, body: gps });
  }

  /**
   * The network on the way the call will take, out to a media worker and back.
   * @param {{ seconds?: number, progress?: (share: number) => void }} [options]
   * @returns {Promise<import("./network-test.js").NetworkResult>}
   */
  async testNetwork({ seconds, progress } = {}) {
    const { session, local } = this;
    if (!session || !local) throw new InterviewError("no_session", "请先完成准入并打开摄像头。");
    return testNetwork({
      iceServers: session.ice_servers,
      local,
      seconds: seconds ?? session.options.network_test_s,
      progress,
      exchange: (offers) => this.rest("POST", "network-test", { token: this.token, body: offers }),
    });
  }

  /**
   * What the device found out about itself; shown on the appointment.
   * @param {{
   *   camera: boolean, microphone: boolean, speaker: boolean, network: string,
   *   loss_percent?: number | null, rtt_ms?: number | null, kbps?: number | null, host?: string, trouble?: string,
   * }} check
   * @returns {Promise<{ passed: boolean }>}
   */
  noteCheck(check) {
    return this.rest("POST", "device-checks", { token: this.token, body: check });
  }

  /**
   * A link on which another phone goes on, once and for minutes; `qr` is an image address.
   * @returns {Promise<{ ticket: string, call_path: string, call_url: string, qr: string, expires_at: string }>}
   */
  handOver() {
    return this.rest("POST", "hand-over", { token: this.token });
  }

  /** SDK-4, during a call. @returns {Promise<{ contract_no: string, lines: [string, string][] }>} */
  contract() {
    return this.rest("GET", "contract", { token: this.token });
  }

  /** 我确认, or not. @param {Card} card as it was shown @param {boolean} accepted */
  async answerCard(card, accepted) {
    await this.rest("POST", `cards/${card.id}/answer`, { token: this.token, body: { accepted, sha256: card.sha256 } });
  }

  /** Agree to one kind of recognition; without it the seat checks by eye. @param {Recognition} option */
  async agreeToOption(option) {
    await this.rest("POST", "option-consents", { token: this.token, body: { text_version: option.text_version } });
    option.agreed = true;
  }

  /** One tap after the call, 1 to 5. @param {number} stars */
  async rate(stars) {
    await this.rest("PUT", "rating", { token: this.token, body: { stars } });
  }

  /**
   * Take the picture the seat asked for and send it; goes on by itself after a break.
   * @param {StillAsked} asked
   */
  async sendStill(asked) {
    const path = `stills/${asked.id}`;
    const [camera] = this.local?.getVideoTracks() ?? [];
    try {
      if (!camera) throw new InterviewError("still_failed", "没有打开摄像头。");
      await uploadStill(await takeStill(camera), {
        received: async () => (await this.rest("GET", path, { token: this.token })).received_bytes,
        put: async (bytes, offset, total) => {
          const query = `?offset=${offset}&total=${total}`;
          const kept = await this.rest("PUT", path + query, { token: this.token, bytes });
          return kept.state === "DONE" ? total : kept.received_bytes;
        },
        wait: (tried) => new Promise((resolve) => setTimeout(resolve, backoffMs(tried))),
      });
    } catch (error) {
      if (error instanceof InterviewError && error.code === "still_failed") {
        await this.rest("DELETE", path, { token: this.token, body: { reason: "no_picture" } });
      }
      throw error;
    }
  }

  /** Say no to the picture the seat asked for. @param {StillAsked} asked */
  async refuseStill(asked) {
    await this.rest("DELETE", `stills/${asked.id}`, { token: this.token, body: { reason: "refused" } });
  }

  /**
   * Tell the seat something of this device; outside a call there is nobody to tell.
   * @param {string} what one of the protocol's `device.report`
   * @param {string} [reason]
   */
  async report(what, reason = "") {
    if (!this.state?.participant_id || this.state.ended) return;
    try {
      await this.socket?.ask("device.report", { what, reason });
    } catch (error) {
      if (!(error instanceof InterviewError)) throw error; // offline: the interruption itself tells
    }
  }

  /** The stream that is published. @param {MediaStream} stream */
  useMedia(stream) {
    this.local = stream;
    for (const track of stream.getTracks()) {
      track.addEventListener("ended", this.trackEnded);
    }
    this.interruption.watch(stream);
    this.dispatchEvent(new CustomEvent("local", { detail: stream }));
    this.#keepMedia();
    this.#keepRescue();
  }

  /** Enter the line, or the running call. @param {{ serviceType?: string }} [choice] */
  async callIn({ serviceType = "" } = {}) {
    await this.rest("POST", "calls", { token: this.token, body: { service_type: serviceType } });
    this.hasLeft = this.isElsewhere = false;
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
    this.#keepRescue();
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
    void this.report(isMuted ? "microphone_muted" : "microphone_on");
  }

  /** SDK-7: front or back camera, in the same line. */
  async switchCamera() {
    const facing = this.facing === "user" ? "environment" : "user";
    await this.#newCamera(facing);
    this.facing = facing;
  }

  /**
   * SDK-9; before the call and during it, within what the bank allows (`session.video`).
   * @param {VideoQuality} quality
   */
  async setVideoQuality(quality) {
    this.quality = { ...this.quality, ...quality };
    await this.media?.setQuality(this.#allowedQuality());
  }

  /** Server time, Unix milliseconds. */
  serverNow() {
    return Date.now() + this.clockOffsetMs;
  }

  /** Make a new media connection now (the person pressed 立即重连, or 在本机继续). */
  reconnect() {
    this.mediaAttempt = 0;
    this.isElsewhere = false;
    this.ownLegs.clear(); // what the server still names is to be taken over
    this.socket?.wake();
    this.#dropMedia();
    this.#keepMedia("returned");
  }

  /** End of everything here; the call itself goes on until the seat ends it. */
  close() {
    this.hasLeft = true;
    this.#keepRescue();
    removeEventListener("online", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    navigator.mediaDevices?.removeEventListener?.("devicechange", this.plugged);
    this.#dropMedia();
    this.socket?.close();
    for (const track of this.local?.getTracks() ?? []) track.stop();
  }

  /** The camera to ask for: within the bank's limits, the app's wish. */
  cameraWish() {
    return cameraFor(this.#allowedQuality());
  }

  /** Send what this device kept of earlier breaks and could not send. */
  async sendRescue() {
    for (const id of (await this.rescue?.calls()) ?? []) await this.#sendRescue(id);
  }

  /** The device's own recording, once: where the bank has it and the person agreed to it. */
  async #loadRescue() {
    if (!this.session?.options.local_rescue || this.rescue) return;
    try {
      const { startRescue } = await import("./rescue.js");
      this.rescue = await startRescue({
        rest: (method, path, sent) => this.rest(method, path, { ...sent, token: this.token }),
        wait: (tried) => new Promise((resolve) => setTimeout(resolve, backoffMs(tried))),
        kbps: Math.min(this.session.video.max_kbps, RESCUE_KBPS),
        broken: () => void this.report("rescue_failed"),
      });
    } catch {
      return; // a device without room or recorder: the call does not need it
    }
    this.#keepRescue();
    void this.sendRescue();
  }

  /** Record here while the server should be recording this person. */
  #keepRescue() {
    const call = this.state?.call;
    if (!this.rescue || !call) return;
    const own = call.participants.find(({ id }) => id === this.state?.participant_id);
    const isWanted =
      !this.hasLeft && !this.isElsewhere && call.recording_on && call.live_unix_ms !== null
      && wantsMedia(this.state?.phase ?? "ready") && !own?.muted;
    // Only the server's word counts: before it, it does not know how long the gap was.
    if (this.ownState === "LOST" && own?.state === "PRESENT") {
      setTimeout(() => void this.#sendRescue(call.id), RESCUE_AFTER_MS);
    }
    this.ownState = own?.state ?? "";
    this.rescue.record(isWanted ? this.local : null, call.id, () => this.serverNow() - call.clock_unix_ms);
  }

  /** @param {string} callId */
  async #sendRescue(callId) {
    const tell = (/** @type {object} */ detail) => this.dispatchEvent(new CustomEvent("rescue", { detail }));
    try {
      const sent = await this.rescue?.send(callId, (done, all) => tell({ state: "sending", sent: done, all }));
      if (sent) tell({ state: "done", sent, all: sent });
    } catch (error) {
      if (!(error instanceof InterviewError)) throw error;
      tell({ state: error.retryable ? "waiting" : "refused", sent: 0, all: 0 });
    }
  }

  /** The seat hears once what it has to check by eye. */
  #tellDeclined() {
    if (this.hasToldDeclined) return;
    this.hasToldDeclined = true;
    for (const { kind, agreed } of this.session?.options.recognition ?? []) {
      if (!agreed) void this.report("option_declined", kind);
    }
  }

  /** What the app asked for, within the limits that the bank has set. */
  #allowedQuality() {
    return withinLimits(this.quality, this.session?.video);
  }

  /** @param {Session} session */
  #begin(session) {
    this.session = session;
    this.clockOffsetMs = session.labels.server_time_unix_ms - Date.now();
    if (session.consent.agreed) void this.#loadRescue();
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
      if (isTakenOver(frame.state.leg_id, this.ownLegs)) this.isElsewhere = true;
      this.#keepMedia();
      this.#keepRescue();
      this.#show();
      this.#askStill(frame.state.still);
      if (frame.state.ended) this.#finish(frame.state.ended);
    } else if (frame.type === "place" && this.state?.request) {
      this.state = { ...this.state, request: { ...this.state.request, queue: frame.queue } };
      this.#show();
    } else if (frame.type === "slots") {
      if (this.media?.legId === frame.leg_id) this.media?.assign(frame.slots);
    } else if (frame.type === "media.reconnect") {
      this.mediaAttempt = 0;
      this.mediaEpoch = frame.media_epoch;
      this.#moveMedia();
    } else if (frame.type === "playout") {
      this.dispatchEvent(new CustomEvent("playout", { detail: frame }));
    } else if (frame.type === "quality") {
      this.dispatchEvent(new CustomEvent("quality", { detail: frame }));
    }
  }

  /** @param {StillAsked | null} asked */
  #askStill(asked) {
    if (asked && asked.id !== this.stillShown) this.dispatchEvent(new CustomEvent("still", { detail: asked }));
    this.stillShown = asked?.id ?? "";
  }

  /** @param {Completion} completion */
  #finish(completion) {
    this.#dropMedia();
    this.#keepRescue();
    if (this.state?.call) void this.#sendRescue(this.state.call.id);
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
    if (this.isElsewhere && wantsMedia(told.phase)) {
      this.dispatchEvent(new CustomEvent("state", { detail: { ...told, phase: "elsewhere" } }));
      return;
    }
    this.wasLive = phase === "live" || (this.wasLive && wantsMedia(told.phase));
    this.dispatchEvent(new CustomEvent("state", { detail: { ...told, phase } }));
  }

  /**
   * Have a media connection whenever the phase asks for one, and none otherwise.
   * @param {"first" | "lost" | "stalled" | "told" | "returned"} [reason]
   */
  #keepMedia(reason = "first") {
    const state = this.state;
    if (this.hasLeft || this.isElsewhere || !state || !state.participant_id || !wantsMedia(state.phase)) {
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
      quality: this.#allowedQuality(),
      offer: async (sdp) => {
        const answer = await socket.ask("media.offer", { sdp, reason });
        this.ownLegs.add(answer.leg_id);
        return answer;
      },
    });
    this.media = media;
    media.addEventListener("connected", () => {
      this.mediaAttempt = 0;
      this.dispatchEvent(new CustomEvent("media", { detail: { isUp: true } }));
      this.#tellDeclined();
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
    if (this.socket?.isUp) this.socket.wake(); // the same network may be gone for both
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
    if (document.visibilityState === "hidden") {
      this.interruption.hidden();
      return;
    }
    this.socket?.wake();
    this.#keepMedia("returned");
    if (this.interruption.needsFreshDevices()) void this.#reopenDevices();
  }

  /** A headset or a camera is there again, or another one: what was lost may be had now. */
  #pluggedIn() {
    this.isPluggedIn = this.isReopening;
    if (!this.isReopening && this.interruption.isDead) void this.#reopenDevices();
  }

  /** A phone call or another app took the devices away (the track says `ended`): ask again. */
  async #reopenDevices() {
    const isWanted = this.local && !this.state?.ended && document.visibilityState !== "hidden";
    if (!isWanted || this.isReopening) return;
    this.isReopening = true;
    try {
      const fresh = await openDevices({ ...this.cameraWish(), facing: this.facing });
      const old = this.local?.getTracks() ?? [];
      const isMuted = old.some((track) => track.kind === "audio" && !track.enabled);
      for (const track of fresh.getAudioTracks()) track.enabled = !isMuted;
      for (const track of fresh.getTracks()) await this.media?.replace(track);
      for (const track of old) track.stop();
      this.useMedia(fresh);
      this.interruption.mended();
    } catch (error) {
      this.interruption.failed();
      this.dispatchEvent(new CustomEvent("trouble", { detail: error }));
    } finally {
      this.isReopening = false;
    }
    if (this.isPluggedIn) this.#pluggedIn();
  }

  /** @param {"user" | "environment"} facing */
  async #newCamera(facing) {
    const old = this.local;
    if (!old) return;
    for (const track of old.getVideoTracks()) track.stop(); // phones open one camera at a time
    this.isReopening = true; // a camera that is being changed is not lost
    const opened = openDevices({ ...this.cameraWish(), facing, audio: false });
    const fresh = await opened.finally(() => (this.isReopening = false));
    const [camera] = fresh.getVideoTracks();
    if (!camera) return;
    await this.media?.replace(camera);
    this.useMedia(new MediaStream([...old.getAudioTracks(), camera]));
  }
}
