// @ts-check
import { backoffMs } from "../../sdk/backoff.js";
import { SIGN_OF_LIFE_WITHIN_MS, watchOpening } from "../../sdk/sign-of-life.js";

const ABNORMAL = 1006;
const TAKEN_OVER = 4409;
const OPEN_ELSEWHERE = 4423;
const FINAL = new Set([4401, 4403, TAKEN_OVER, OPEN_ELSEWHERE]);
const ANSWER_WITHIN_MS = 20_000;

/** A refusal by the server: `code` is stable, the message is for the person. */
export class Refusal extends Error {
  /** @param {{ code: string, text: string }} frame */
  constructor({ code, text }) {
    super(text || code);
    this.code = code;
  }
}

/**
 * The socket /ws/workbench/: asks, is answered, and comes back by itself.
 * Events: `frame` (detail: the push), `up`, `down`, `over` (detail: close code; final).
 */
export class SeatSocket extends EventTarget {
  /**
   * @param {string} url
   * @param {string} [page] the name of this page, the same when it comes back
   * @param {typeof WebSocket} [WebSocketClass]
   */
  constructor(url, page = "", WebSocketClass = WebSocket) {
    super();
    this.url = url;
    this.page = page;
    this.WebSocketClass = WebSocketClass;
    this.nextId = 0;
    this.attempt = 0;
    /** Until the server was heard on a socket that said it. */
    this.takesOver = false;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<string, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
    this.asked = new Map();
  }

  /** @param {{ takeOver?: boolean }} [options] take the workbench from another window */
  open({ takeOver = false } = {}) {
    this.takesOver ||= takeOver;
    const asked = new URLSearchParams({ ...(this.page ? { page: this.page } : {}), ...(this.takesOver ? { take_over: "1" } : {}) });
    const socket = new this.WebSocketClass(`${this.url}?${asked}`);
    this.socket = socket;
    watchOpening(socket, () => {
      this.attempt = 0; // this was wait enough
      this.#leave(socket);
    });
    socket.addEventListener("open", () => {
      if (socket !== this.socket) return;
      this.attempt = 0;
      this.dispatchEvent(new Event("up"));
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.socket) this.#receive(JSON.parse(String(data)));
    });
    socket.addEventListener("close", ({ code }) => this.#gone(socket, code));
  }

  /** Say that this page lives; an unanswered beat means a dead path that TCP has not noticed yet. */
  async beat() {
    const { socket } = this;
    if (socket?.readyState !== 1) return; // it is coming back already
    try {
      await this.ask("heartbeat", {}, SIGN_OF_LIFE_WITHIN_MS);
    } catch (error) {
      if (error instanceof Refusal && error.code === "timeout") this.#leave(socket);
    }
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} [body]
   * @param {number} [withinMs]
   * @returns {Promise<any>}
   */
  ask(type, body = {}, withinMs = ANSWER_WITHIN_MS) {
    const socket = this.socket;
    if (!socket || socket.readyState !== 1) {
      return Promise.reject(new Refusal({ code: "offline", text: "与服务器的连接已断开，正在重连。" }));
    }
    this.nextId += 1;
    const id = String(this.nextId);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.asked.delete(id);
        reject(new Refusal({ code: "timeout", text: "服务没有响应，请稍后再试。" }));
      }, withinMs);
      this.asked.set(id, {
        resolve: (result) => (clearTimeout(timer), resolve(result)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      socket.send(JSON.stringify({ type, id, ...body }));
    });
  }

  /** @param {any} frame */
  #receive(frame) {
    this.takesOver = false;
    if (frame.type === "done" || frame.type === "refused") {
      const waiting = this.asked.get(frame.id);
      this.asked.delete(frame.id);
      if (frame.type === "done") waiting?.resolve(frame.result);
      else waiting?.reject(new Refusal(frame));
      return;
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  /** Done with this socket now: over a dead path its own `close` comes late. @param {WebSocket} socket */
  #leave(socket) {
    this.#gone(socket, ABNORMAL);
    socket.close();
  }

  /** @param {WebSocket} socket @param {number} code */
  #gone(socket, code) {
    if (socket !== this.socket) return;
    this.socket = null;
    for (const { reject } of this.asked.values()) reject(new Refusal({ code: "offline", text: "连接已断开。" }));
    this.asked.clear();
    if (FINAL.has(code)) {
      this.takesOver = false;
      this.dispatchEvent(new CustomEvent("over", { detail: code }));
      return;
    }
    this.dispatchEvent(new Event("down"));
    setTimeout(() => this.open(), backoffMs(this.attempt));
    this.attempt += 1;
  }
}
