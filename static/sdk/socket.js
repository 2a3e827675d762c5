// @ts-check
import { backoffMs } from "./backoff.js";
import { InterviewError } from "./errors.js";
import { SIGN_OF_LIFE_WITHIN_MS, watchOpening } from "./sign-of-life.js";

const ABNORMAL = 1006;
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
    watchOpening(socket, () => {
      if (socket !== this.socket || this.isClosed) return;
      this.attempt = 0; // this was wait enough
      this.#leave();
    });
    socket.addEventListener("open", () => {
      if (socket === this.socket) void this.#hello(socket);
    });
    socket.addEventListener("message", (event) => {
      if (socket === this.socket) this.#receive(String(event.data));
    });
    socket.addEventListener("close", (event) => this.#gone(socket, event.code));
  }

  /** Try now instead of waiting: the network is back, the page is seen again, or the media are lost. */
  wake() {
    if (this.isClosed) return;
    if (this.isUp) {
      this.#beat();
      return;
    }
    if (this.socket?.readyState === 0) this.#leave(); // it set out on a path that may be gone
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
   * @param {number} [withinMs]
   * @returns {Promise<any>} the result of `done`
   * @throws {InterviewError} what `refused` says, or `offline`
   */
  ask(type, body = {}, withinMs = ANSWER_WITHIN_MS) {
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
      }, withinMs);
      this.asked.set(id, {
        resolve: (result) => (clearTimeout(timer), resolve(result)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      socket.send(JSON.stringify({ type, id, ...body }));
    });
  }

  /** @param {WebSocket} socket */
  async #hello(socket) {
    try {
      await this.ask("hello", { token: this.token });
    } catch (error) {
      if (error instanceof InterviewError && error.code === "session_refused") this.#refuse(error);
      else if (socket === this.socket) this.#leave();
      return;
    }
    this.attempt = 0;
    this.isUp = true;
    this.beatTimer = setInterval(() => this.#beat(), this.heartbeatMs);
    this.dispatchEvent(new Event("up"));
  }

  #beat() {
    // An unanswered beat means a dead path that TCP has not noticed yet.
    const { socket } = this;
    this.ask("heartbeat", {}, SIGN_OF_LIFE_WITHIN_MS).catch(() => {
      if (socket === this.socket) this.#leave();
    });
  }

  /** Done with this socket now: over a dead path its own `close` comes late. */
  #leave() {
    const { socket } = this;
    if (!socket) return;
    this.#gone(socket, ABNORMAL);
    socket.close();
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
    if (isGap) this.#leave(); // a fresh hello brings the whole state again
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
