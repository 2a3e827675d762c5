// @ts-check
import { backoffMs } from "./backoff.js";
import { InterviewError } from "./errors.js";

const NOT_ADMITTED = 4401;
const FINAL_CODES = new Set([NOT_ADMITTED, 4403]);
const ANSWER_WITHIN_MS = 20_000;

/**
 * The socket `/ws/sdk/v1/`: says hello, keeps beating, comes back by itself until it is closed.
 *
 * Events: `frame` (detail: the push), `up`, `down`, `refused` (detail: InterviewError; final).
 */
export class InterviewSocket extends EventTarget {
  /**
   * @param {{
   *   url: string, token: string, heartbeatS: number,
   *   WebSocketClass?: typeof WebSocket,
   * }} options
   */
  constructor({ url, token, heartbeatS, WebSocketClass = WebSocket }) {
    super();
    this.url = url;
    this.token = token;
    this.heartbeatMs = heartbeatS * 1000;
    this.WebSocketClass = WebSocketClass;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<string, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
    this.asked = new Map();
    this.attempt = 0;
    this.nextId = 0;
    this.seq = 0;
    this.isUp = false;
    this.isClosed = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.retryTimer = undefined;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.beatTimer = undefined;
  }

  open() {
    if (this.isClosed || this.socket) return;
    const socket = new this.WebSocketClass(this.url);
    this.socket = socket;
    this.seq = 0;
    socket.addEventListener("open", () => this.#hello());
    socket.addEventListener("message", (event) => this.#receive(String(event.data)));
    socket.addEventListener("close", (event) => this.#gone(socket, event.code));
  }

  /** Try now instead of waiting: the network is back, or the page is seen again. */
  wake() {
    if (this.isUp || this.isClosed) return;
    clearTimeout(this.retryTimer);
    this.open();
  }

  close() {
    this.isClosed = true;
    clearTimeout(this.retryTimer);
    clearInterval(this.beatTimer);
    this.socket?.close(1000);
    this.#failAll(new InterviewError("closed", ""));
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} [body]
   * @returns {Promise<any>} the result of `done`
   * @throws {InterviewError} what `refused` says, or `offline`
   */
  ask(type, body = {}) {
    const socket = this.socket;
    if (!socket || socket.readyState !== 1) {
      return Promise.reject(new InterviewError("offline", "网络已断开，正在重连。", { retryable: true }));
    }
    this.nextId += 1;
    const id = String(this.nextId);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.asked.delete(id);
        reject(new InterviewError("timeout", "服务没有响应，请稍后再试。", { retryable: true }));
      }, ANSWER_WITHIN_MS);
      this.asked.set(id, {
        resolve: (result) => (clearTimeout(timer), resolve(result)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      socket.send(JSON.stringify({ type, id, ...body }));
    });
  }

  async #hello() {
    try {
      await this.ask("hello", { token: this.token });
    } catch (error) {
      if (error instanceof InterviewError && error.code === "session_refused") this.#refuse(error);
      else this.socket?.close();
      return;
    }
    this.attempt = 0;
    this.isUp = true;
    this.beatTimer = setInterval(() => this.#beat(), this.heartbeatMs);
    this.dispatchEvent(new Event("up"));
  }

  #beat() {
    // An unanswered beat means a dead path that TCP has not noticed yet.
    this.ask("heartbeat").catch(() => this.socket?.close());
  }

  /** @param {string} text */
  #receive(text) {
    const frame = JSON.parse(text);
    if (frame.type === "done" || frame.type === "refused") {
      const waiting = this.asked.get(frame.id);
      this.asked.delete(frame.id);
      if (frame.type === "done") waiting?.resolve(frame.result);
      else waiting?.reject(new InterviewError(frame.code, frame.text, frame));
      return;
    }
    const isGap = frame.seq !== this.seq + 1;
    this.seq = frame.seq;
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
    if (isGap) this.socket?.close(); // a fresh hello brings the whole state again
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #gone(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    clearInterval(this.beatTimer);
    this.#failAll(new InterviewError("offline", "网络已断开，正在重连。", { retryable: true }));
    if (this.isUp) {
      this.isUp = false;
      this.dispatchEvent(new Event("down"));
    }
    if (this.isClosed) return;
    if (FINAL_CODES.has(code)) {
      this.#refuse(new InterviewError("session_refused", "会话已失效，请返回 APP 重新进入。"));
      return;
    }
    this.retryTimer = setTimeout(() => this.open(), backoffMs(this.attempt));
    this.attempt += 1;
  }

  /** @param {InterviewError} error */
  #refuse(error) {
    if (this.isClosed) return;
    this.dispatchEvent(new CustomEvent("refused", { detail: error }));
    this.close();
  }

  /** @param {InterviewError} error */
  #failAll(error) {
    const waiting = [...this.asked.values()];
    this.asked.clear();
    for (const { reject } of waiting) reject(error);
  }
}
