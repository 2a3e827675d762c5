// @ts-check
/**
 * @typedef {"audio" | "video"} Kind
 * @typedef {Partial<Record<Kind, string>>} Lacks what is missing: "gone", or the name of the browser's refusal
 */

const KINDS = /** @type {const} */ (["audio", "video"]);
const REMEDIES = /** @type {Record<string, string>} */ ({
  gone: "设备已断开，重新接好后自动恢复。",
  NotAllowedError: "浏览器未允许使用：请点击地址栏左侧图标，选择“允许”后重试。",
  NotFoundError: "没有找到，请检查连接。",
  NotReadableError: "正被其他程序占用，请关闭后重试。",
});

/**
 * The own camera and microphone during a call: what can be had is used, what is missing is told and
 * taken back by itself when a device appears. One stream for the whole call, whatever comes and goes.
 *
 * Events: `change` when `lacks` or `isAsking` did; `gained` (detail: the track) when one was had.
 */
export class OwnDevices extends EventTarget {
  /**
   * @param {Record<Kind, MediaTrackConstraints>} wish
   * @param {MediaDevices | undefined} [devices] undefined where the page is not secure
   */
  constructor(wish, devices = globalThis.navigator?.mediaDevices) {
    super();
    this.wish = wish;
    this.devices = devices;
    this.stream = new MediaStream();
    /** @type {Lacks} */
    this.lacks = {};
    this.isAsking = false;
    this.isAskedAgain = false;
    this.isOver = false;
    this.plugged = () => void this.regain();
  }

  async open() {
    this.devices?.addEventListener("devicechange", this.plugged);
    await this.#ask(KINDS);
    if (this.isAskedAgain) await this.regain(); // something appeared while the person was asked
  }

  /** Try to have what is missing. A device that appears meanwhile is tried after it. */
  async regain() {
    this.isAskedAgain = true;
    while (this.isAskedAgain && !this.isAsking && !this.isOver) {
      this.isAskedAgain = false;
      const missing = KINDS.filter((kind) => kind in this.lacks);
      if (missing.length) await this.#ask(missing);
    }
  }

  release() {
    this.isOver = true;
    this.devices?.removeEventListener("devicechange", this.plugged);
    for (const track of this.stream.getTracks()) {
      track.stop();
      this.stream.removeTrack(track);
    }
  }

  /** @param {readonly Kind[]} kinds */
  async #ask(kinds) {
    this.isAsking = true;
    this.#changed();
    await this.#take(kinds);
    this.isAsking = false;
    this.#changed();
  }

  /** Both at once first: the person is asked one question. @param {readonly Kind[]} kinds */
  async #take(kinds) {
    try {
      const wish = Object.fromEntries(kinds.map((kind) => [kind, this.wish[kind]]));
      if (!this.devices) throw new DOMException("the page is not secure", "SecurityError");
      this.#keep(await this.devices.getUserMedia(wish));
    } catch (error) {
      if (kinds.length > 1) {
        for (const kind of kinds) await this.#take([kind]);
        return;
      }
      for (const kind of kinds) this.#note(kind, error);
    }
  }

  /** @param {Kind} kind @param {unknown} error */
  #note(kind, error) {
    const cause = error instanceof Error || error instanceof DOMException ? error.name : "";
    if (!(this.lacks[kind] === "gone" && cause === "NotFoundError")) this.lacks[kind] = cause;
  }

  /** @param {MediaStream} had */
  #keep(had) {
    for (const track of had.getTracks()) {
      if (this.isOver) {
        track.stop();
        continue;
      }
      this.stream.addTrack(track);
      delete this.lacks[/** @type {Kind} */ (track.kind)];
      track.addEventListener("ended", () => this.#lost(track));
      this.dispatchEvent(new CustomEvent("gained", { detail: track }));
    }
  }

  /** Unplugged, or taken by the system; another one may be there already. @param {MediaStreamTrack} track */
  #lost(track) {
    if (this.isOver) return;
    this.stream.removeTrack(track);
    this.lacks[/** @type {Kind} */ (track.kind)] = "gone";
    this.#changed();
    void this.regain();
  }

  #changed() {
    if (!this.isOver) this.dispatchEvent(new Event("change"));
  }
}

/** What to do about a device that cannot be had. @param {unknown} error of getUserMedia, or its name */
export function remedy(error) {
  const name = error instanceof DOMException ? error.name : String(error);
  return REMEDIES[name] ?? "无法打开，请检查设备后重试。";
}

/** What is missing, what it means for the interview, and what to do. @param {Lacks} lacks */
export function lackText({ audio, video }) {
  const [isMute, isDark] = [audio !== undefined, video !== undefined];
  if (!isMute && !isDark) return "";
  if (!isDark) return `麦克风不可用：客户听不到您，声音不会被录制。${remedy(audio)}`;
  if (!isMute) return `摄像头不可用：客户看不到您，画面不会被录制。${remedy(video)}`;
  const what = remedy(audio) === remedy(video) ? remedy(audio) : `麦克风：${remedy(audio)}摄像头：${remedy(video)}`;
  return `麦克风和摄像头不可用：客户听不到也看不到您，不会被录制。${what}`;
}
