// @ts-check
import { PlayoutBuffer, picturesOf } from "./playout-buffer.js";
import { heldSlots, mediaLines } from "./slots.js";
import { StallWatch } from "./stall.js";

/**
 * @typedef {import("./slots.js").Slot} Slot
 * @typedef {import("./slots.js").SlotHolder} SlotHolder
 * @typedef {{ leg_id: string, media_epoch: number, answer_sdp: string, slots: Slot[] }} Answer
 * @typedef {"smooth" | "balanced" | "quality"} Preference what stays when the network is bad: the movement, neither, the detail
 * @typedef {{ maxKbps?: number, frameRate?: number, lines?: number, scaleDownBy?: number, preference?: Preference }} VideoQuality
 * @typedef {{ min_kbps: number, max_kbps: number, lines?: number, frame_rate?: number, preference?: Preference }} VideoLimits
 */

const CONNECT_WITHIN_MS = 12_000;
/** @type {Record<Preference, RTCDegradationPreference>} */
const DEGRADES = { smooth: "maintain-framerate", balanced: "balanced", quality: "maintain-resolution" };

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
    /** @type {Map<string, PlayoutBuffer>} */
    this.buffers = new Map();
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
    encoding.scaleResolutionDownBy = scaleOf(quality, sender.track?.getSettings?.() ?? {});
    if (quality.preference) Object.assign(parameters, { degradationPreference: DEGRADES[quality.preference] });
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
    const report = await this.pc.getStats();
    const bytes = signsOfLife(report);
    if (!this.isOver) this.#holdBack(picturesOf(report), now);
    if (!this.isOver && this.watch.isStalled(bytes, now)) this.#lose("stalled");
  }

  /**
   * Picture and sound of a slot are held back alike: they stay together.
   * @param {ReturnType<typeof picturesOf>} pictures
   * @param {number} now
   */
  #holdBack(pictures, now) {
    for (const { mid_audio, mid_video } of this.slots) {
      const seen = mid_video === null ? undefined : pictures.get(mid_video);
      if (!seen || mid_video === null) continue;
      const buffer = this.buffers.get(mid_video) ?? new PlayoutBuffer();
      this.buffers.set(mid_video, buffer);
      const before = buffer.targetMs;
      const target = buffer.next(seen, now);
      if (target === before) continue;
      for (const { mid, receiver } of this.pc.getTransceivers()) {
        if ((mid === mid_audio || mid === mid_video) && "jitterBufferTarget" in receiver) {
          receiver.jitterBufferTarget = target || null;
        }
      }
    }
  }

  /** @param {"lost" | "stalled"} reason */
  #lose(reason) {
    if (this.isOver) return;
    this.close();
    this.dispatchEvent(new CustomEvent("lost", { detail: reason }));
  }
}

/**
 * What an app asks for, brought into the supervisory limits; without a wish the upper one holds.
 * @param {VideoQuality} asked
 * @param {VideoLimits} [limits]
 * @returns {VideoQuality}
 */
export function withinLimits(asked, limits) {
  if (!limits) return asked;
  const maxKbps = Math.min(limits.max_kbps, Math.max(limits.min_kbps, asked.maxKbps ?? limits.max_kbps));
  /** @type {VideoQuality} */
  const allowed = { ...asked, maxKbps };
  if (limits.lines) allowed.lines = Math.min(limits.lines, Math.max(LEAST_LINES, asked.lines ?? limits.lines));
  if (limits.frame_rate) allowed.frameRate = Math.min(limits.frame_rate, asked.frameRate ?? limits.frame_rate);
  const preference = asked.preference ?? limits.preference;
  if (preference) allowed.preference = preference;
  return allowed;
}

/** The picture to ask of a camera. @param {VideoQuality} quality */
export function cameraFor({ lines, frameRate }) {
  return { width: lines === 720 ? 1280 : 640, height: lines ?? 480, ...(frameRate ? { frameRate } : {}) };
}

const LEAST_LINES = 480; // STO-3

/**
 * How much smaller the picture is sent than the camera gives it. Its shorter side counts as its lines,
 * so that a phone held upright is measured like one held across; it is never sent larger or below 480.
 * @param {VideoQuality} quality
 * @param {{ width?: number, height?: number }} camera
 */
export function scaleOf({ lines, scaleDownBy = 1 }, { width = 0, height = 0 }) {
  const shorter = Math.min(width, height);
  const wanted = lines && shorter > lines ? shorter / lines : 1;
  const most = shorter > LEAST_LINES ? shorter / LEAST_LINES : 1;
  return Math.max(wanted, shorter ? Math.min(scaleDownBy, most) : scaleDownBy);
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
