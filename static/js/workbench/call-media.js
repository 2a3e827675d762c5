// @ts-check
import { backoffMs } from "../../sdk/backoff.js";
import { cameraFor, MediaConnection, withinLimits } from "../../sdk/media-connection.js";
import { toast } from "./dom.js";
import { remedy } from "./device-check.js";

/**
 * The seat's side of the call: own camera, one connection, and a new one whenever it is lost.
 * Events: `tiles` when who is seen changed, `connection` (detail: "connected" | "lost").
 */
export class CallMedia extends EventTarget {
  /**
   * @param {{ ask: (type: string, body?: Record<string, unknown>) => Promise<any> }} socket
   * @param {{ iceServers: RTCIceServer[] }} config
   */
  constructor(socket, config) {
    super();
    this.socket = socket;
    this.iceServers = config.iceServers;
    /** @type {import("../../sdk/media-connection.js").VideoQuality} */
    this.quality = {};
    /** @type {MediaStream | null} */
    this.local = null;
    /** @type {MediaConnection | null} */
    this.connection = null;
    /** @type {Map<string, any>} */
    this.early = new Map();
    this.remoteSlots = 1;
    this.epoch = 0;
    this.isWanted = false;
    this.attempt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
  }

  /**
   * @param {number} remoteSlots
   * @param {{ silent?: boolean, video?: import("../../sdk/media-connection.js").VideoLimits }} [options]
   *   silent: listen, send nothing; video: what the picture may be in this call
   */
  async start(remoteSlots, { silent = false, video } = {}) {
    if (this.isWanted) return;
    this.isWanted = true;
    this.remoteSlots = remoteSlots;
    this.quality = withinLimits({}, video);
    try {
      this.local = silent ? new MediaStream() : await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
        video: cameraFor(this.quality),
      });
    } catch (error) {
      toast(remedy(error), { bad: true });
      this.local = new MediaStream();
    }
    await this.connect();
  }

  async connect() {
    clearTimeout(this.timer);
    if (!this.isWanted || !this.local) return;
    this.connection?.close();
    const connection = new MediaConnection({
      iceServers: this.iceServers,
      remoteSlots: this.remoteSlots,
      local: this.local,
      quality: this.quality,
      offer: (sdp) => this.socket.ask("media.offer", { sdp }),
    });
    this.connection = connection;
    connection.addEventListener("connected", () => {
      this.attempt = 0;
      this.dispatchEvent(new CustomEvent("connection", { detail: "connected" }));
    });
    connection.addEventListener("lost", () => {
      this.dispatchEvent(new CustomEvent("connection", { detail: "lost" }));
      this.again();
    });
    connection.addEventListener("tiles", () => this.dispatchEvent(new Event("tiles")));
    try {
      await connection.connect();
      if (this.connection !== connection) return;
      const told = this.early.get(connection.legId);
      if (told) connection.assign(told);
      await this.move(this.epoch); // told while the answer was on its way
    } catch {
      connection.close();
      if (this.connection === connection) this.again();
    }
  }

  /**
   * Follow the call to its new media worker. A connection that is already there, or on its way,
   * stays: closing it would be one more interruption on the recording.
   * @param {number} epoch
   */
  async move(epoch) {
    this.epoch = epoch;
    if (this.connection && !this.connection.isOver && !this.connection.isOutdated(epoch)) return;
    await this.connect();
  }

  again() {
    if (!this.isWanted) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => void this.connect(), backoffMs(this.attempt));
    this.attempt += 1;
  }

  /** @param {string} legId @param {any[]} slots */
  assign(legId, slots) {
    if (this.connection?.legId === legId) this.connection.assign(slots);
    else this.early.set(legId, slots);
  }

  /**
   * The room enforces the mute; here the microphone is off as well.
   * @param {boolean} isMuted
   */
  mute(isMuted) {
    for (const track of this.local?.getAudioTracks() ?? []) track.enabled = !isMuted;
  }

  tiles() {
    return this.connection?.tiles() ?? new Map();
  }

  stop() {
    this.isWanted = false;
    clearTimeout(this.timer);
    this.epoch = 0;
    this.connection?.close();
    this.connection = null;
    this.local?.getTracks().forEach((track) => track.stop());
    this.local = null;
    this.early.clear();
  }
}
