// @ts-check
import { backoffMs } from "../../sdk/backoff.js";

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
  /** @param {string} url @param {string} [page] the name of this page, the same when it comes back */
  constructor(url, page = "") {
    super();
    this.url = url;
    this.page = page;
    this.nextId = 0;
    this.attempt = 0;
    /** @type {WebSocket | null} */
    this.socket = null;
    /** @type {Map<string, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
    this.asked = new Map();
  }

  /** @param {{ takeOver?: boolean }} [options] take the workbench from another window */
  open({ takeOver = false } = {}) {
    const asked = new URLSearchParams({ ...(this.page ? { page: this.page } : {}), ...(takeOver ? { take_over: "1" } : {}) });
    const socket = new WebSocket(`${this.url}?${asked}`);
    this.socket = socket;
    socket.addEventListener("open", () => {
      this.attempt = 0;
      this.dispatchEvent(new Event("up"));
    });
    socket.addEventListener("message", ({ data }) => this.#receive(JSON.parse(String(data))));
    socket.addEventListener("close", ({ code }) => this.#gone(code));
  }

  /**
   * @param {string} type
   * @param {Record<string, unknown>} [body]
   * @returns {Promise<any>}
   */
  ask(type, body = {}) {
    const socket = this.socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new Refusal({ code: "offline", text: "与服务器的连接已断开，正在重连。" }));
    }
    this.nextId += 1;
    const id = String(this.nextId);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.asked.delete(id);
        reject(new Refusal({ code: "timeout", text: "服务没有响应，请稍后再试。" }));
      }, ANSWER_WITHIN_MS);
      this.asked.set(id, {
        resolve: (result) => (clearTimeout(timer), resolve(result)),
        reject: (error) => (clearTimeout(timer), reject(error)),
      });
      socket.send(JSON.stringify({ type, id, ...body }));
    });
  }

  /** @param {any} frame */
  #receive(frame) {
    if (frame.type === "done" || frame.type === "refused") {
      const waiting = this.asked.get(frame.id);
      this.asked.delete(frame.id);
      if (frame.type === "done") waiting?.resolve(frame.result);
      else waiting?.reject(new Refusal(frame));
      return;
    }
    this.dispatchEvent(new CustomEvent("frame", { detail: frame }));
  }

  /** @param {number} code */
  #gone(code) {
    for (const { reject } of this.asked.values()) reject(new Refusal({ code: "offline", text: "连接已断开。" }));
    this.asked.clear();
    if (FINAL.has(code)) {
      this.dispatchEvent(new CustomEvent("over", { detail: code }));
      return;
    }
    this.dispatchEvent(new Event("down"));
    setTimeout(() => this.open(), backoffMs(this.attempt));
    this.attempt += 1;
  }
}
