// @ts-check
import { backoffMs } from "../../sdk/backoff.js";
import { cameraFor, MediaConnection, withinLimits } from "../../sdk/media-connection.js";
import { OwnDevices } from "./own-devices.js";

/**
 * The seat's side of the call: own devices, one connection, and a new one whenever it is lost.
 * Events: `tiles` when who is seen changed, `connection` (detail: "connected" | "lost"), `devices`
 * when what is missing changed.
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
    /** @type {OwnDevices | null} */
    this.devices = null;
    this.isMuted = false;
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
    const devices = new OwnDevices({
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      video: cameraFor(this.quality),
    });
    this.devices = devices;
    devices.addEventListener("change", () => this.dispatchEvent(new Event("devices")));
    devices.addEventListener("gained", (event) => void this.#use(/** @type {CustomEvent} */ (event).detail));
    if (!silent) await devices.open();
    if (this.devices === devices) await this.connect(); // else the call ended while the person was asked
  }

  get local() {
    return this.devices?.stream ?? null;
  }

  /** A device that came, or came back: into the line it had, as silent as it was. @param {MediaStreamTrack} track */
  async #use(track) {
    if (track.kind === "audio") track.enabled = !this.isMuted;
    const connection = this.connection;
    if (!connection || connection.isOver) return; // the next one takes it along
    try {
      await connection.replace(track);
      if (track.kind === "video") await connection.setQuality(this.quality);
    } catch {
      connection.close();
      if (this.connection === connection) this.again();
    }
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
    this.isMuted = isMuted;
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
    const devices = this.devices;
    this.devices = null;
    devices?.release();
    if (devices) this.dispatchEvent(new Event("devices"));
    this.early.clear();
  }
}
