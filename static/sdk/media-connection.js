// @ts-check
import { heldSlots, mediaLines } from "./slots.js";
import { StallWatch } from "./stall.js";

/**
 * @typedef {import("./slots.js").Slot} Slot
 * @typedef {import("./slots.js").SlotHolder} SlotHolder
 * @typedef {{ leg_id: string, media_epoch: number, answer_sdp: string, slots: Slot[] }} Answer
 * @typedef {{ maxKbps?: number, frameRate?: number, scaleDownBy?: number }} VideoQuality
 */

const CONNECT_WITHIN_MS = 12_000;

/**
 * One RTCPeerConnection from first offer to its end; a new one is made for every return.
 *
 * Events: `connected`; `lost` (detail: "lost" | "stalled"), once; `tiles` when who is seen changed.
 */
export class MediaConnection extends EventTarget {
  /**
   * @param {{
   *   iceServers: RTCIceServer[], remoteSlots: number, local: MediaStream, quality: VideoQuality,
   *   offer: (sdp: string) => Promise<Answer>,
   *   PeerConnection?: typeof RTCPeerConnection,
   * }} options
   */
  constructor({ iceServers, remoteSlots, local, quality, offer, PeerConnection = RTCPeerConnection }) {
    super();
    this.offer = offer;
    this.pc = new PeerConnection({ iceServers, bundlePolicy: "max-bundle" });
    this.legId = "";
    /** @type {number | null} which life of the call's media worker answered; null before */
    this.epoch = null;
    this.isConnected = false;
    this.isOver = false;
    /** @type {Map<string, MediaStreamTrack>} */
    this.trackOfMid = new Map();
    /** @type {Slot[]} */
    this.slots = [];
    /** @type {Map<number, string>} */
    this.holders = new Map();
    /** @type {Map<number, MediaStream>} */
    this.streams = new Map();
    this.watch = new StallWatch();
    this.startedAt = Date.now();
    for (const [index, { kind, direction }] of mediaLines(remoteSlots).entries()) {
      const track = index < 2 ? local.getTracks().find((own) => own.kind === kind) : undefined;
      this.pc.addTransceiver(track ?? kind, { direction });
    }
    this.quality = quality;
    this.pc.addEventListener("track", ({ track, transceiver }) => {
      if (transceiver.mid !== null) this.trackOfMid.set(transceiver.mid, track);
    });
    this.pc.addEventListener("connectionstatechange", () => this.#stateChanged());
    this.timer = setInterval(() => void this.#look(), 1000);
  }

  /** Offer, be answered. Candidates need not be gathered first: the relay learns us by itself. */
  async connect() {
    await this.pc.setLocalDescription(await this.pc.createOffer());
    const answer = await this.offer(String(this.pc.localDescription?.sdp));
    if (this.isOver) return;
    this.legId = answer.leg_id;
    this.epoch = answer.media_epoch;
    this.slots = answer.slots;
    await this.pc.setRemoteDescription({ type: "answer", sdp: answer.answer_sdp });
    await this.setQuality(this.quality);
    this.#showTiles();
  }

  /**
   * Whether this leads to a media worker the call has left. Not known before the answer.
   * @param {number} epoch what `media.reconnect` told
   */
  isOutdated(epoch) {
    return this.epoch !== null && this.epoch < epoch;
  }

  /** @param {readonly SlotHolder[]} told */
  assign(told) {
    this.holders = heldSlots(this.holders, told);
    this.#showTiles();
  }

  /** Stream by participant id. @returns {Map<string, MediaStream>} */
  tiles() {
    /** @type {Map<string, MediaStream>} */
    const seen = new Map();
    for (const [slot, holder] of this.holders) {
      const stream = this.#streamOf(slot);
      if (stream) seen.set(holder, stream);
    }
    return seen;
  }

  /**
   * Another camera or microphone in the same line, without negotiating again.
   * @param {MediaStreamTrack} track
   */
  async replace(track) {
    const line = track.kind === "audio" ? 0 : 1;
    await this.pc.getTransceivers()[line]?.sender.replaceTrack(track);
  }

  /** SDK-9: also during a call. @param {VideoQuality} quality */
  async setQuality(quality) {
    this.quality = quality;
    const sender = this.pc.getTransceivers()[1]?.sender;
    const parameters = sender?.getParameters();
    const encoding = parameters?.encodings?.[0];
    if (!sender || !parameters || !encoding) return;
    if (quality.maxKbps) encoding.maxBitrate = quality.maxKbps * 1000;
    if (quality.frameRate) encoding.maxFramerate = quality.frameRate;
    if (quality.scaleDownBy) encoding.scaleResolutionDownBy = quality.scaleDownBy;
    await sender.setParameters(parameters);
  }

  close() {
    this.isOver = true;
    clearInterval(this.timer);
    this.pc.close();
  }

  /** @param {number} slot */
  #streamOf(slot) {
    const known = this.streams.get(slot);
    if (known) return known;
    const lines = this.slots.find((pair) => pair.slot === slot);
    if (!lines) return undefined;
    const tracks = [lines.mid_audio, lines.mid_video]
      .map((mid) => (mid === null ? undefined : this.trackOfMid.get(mid)))
      .filter((track) => track !== undefined);
    if (tracks.length === 0) return undefined;
    const stream = new MediaStream(tracks);
    this.streams.set(slot, stream);
    return stream;
  }

  #showTiles() {
    this.dispatchEvent(new Event("tiles"));
  }

  #stateChanged() {
    if (this.isOver) return;
    const state = this.pc.connectionState;
    if (state === "connected" && !this.isConnected) {
      this.isConnected = true;
      this.dispatchEvent(new Event("connected"));
    } else if (state === "failed" || state === "closed") {
      this.#lose("lost");
    }
  }

  async #look() {
    if (this.isOver) return;
    const now = Date.now();
    if (!this.isConnected) {
      if (now - this.startedAt > CONNECT_WITHIN_MS) this.#lose("lost");
      return;
    }
    const bytes = signsOfLife(await this.pc.getStats());
    if (!this.isOver && this.watch.isStalled(bytes, now)) this.#lose("stalled");
  }

  /** @param {"lost" | "stalled"} reason */
  #lose(reason) {
    if (this.isOver) return;
    this.close();
    this.dispatchEvent(new CustomEvent("lost", { detail: reason }));
  }
}

/**
 * A number that grows as long as the other end lives: bytes, and answers to connectivity checks.
 * @param {{ forEach: (look: (entry: any) => void) => void }} report
 */
export function signsOfLife(report) {
  let signs = 0;
  report.forEach((entry) => {
    if (entry.type === "transport") signs += entry.bytesReceived ?? 0;
    if (entry.type === "candidate-pair") signs += entry.responsesReceived ?? 0;
  });
  return signs;
}
