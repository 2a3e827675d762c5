// @ts-check
/** The file of one marketing item: upload with progress, then the encoding's progress. */
import { OffsetMoved, UploadRefused, uploadFile } from "./upload.js";

const ASK_EVERY_MS = 1500;
const panel = document.querySelector("[data-media-item]");
if (panel instanceof HTMLElement) mount(panel);

/** @param {HTMLElement} root */
function mount(root) {
  const data = root.dataset;
  const input = root.querySelector("[data-media-file]");
  const pause = root.querySelector("[data-media-pause]");
  const progress = root.querySelector("[data-media-progress]");
  const problem = root.querySelector("[data-media-problem]");
  const chip = root.querySelector("[data-media-chip]");
  const token = document.querySelector("input[name=csrfmiddlewaretoken]");
  /** @type {AbortController | null} */
  let running = null;

  /** @param {number} share @param {string} text */
  function show(share, text) {
    if (!(progress instanceof HTMLElement)) return;
    progress.hidden = false;
    const bar = progress.querySelector("progress");
    const label = progress.querySelector("[data-media-progress-text]");
    if (bar) bar.value = share;
    if (label) label.textContent = text;
  }

  /**
   * @param {string} url @param {string} method @param {BodyInit} body @param {Record<string, string>} headers
   * @returns {Promise<any>}
   */
  async function ask(url, method, body, headers = {}) {
    const csrf = token instanceof HTMLInputElement ? token.value : "";
    const response = await fetch(url, { method, body, headers: { "X-CSRFToken": csrf, ...headers } });
    if (response.ok) return response.json();
    if (response.status >= 500) throw new Error("server");
    const said = await response.json().catch(() => ({}));
    if (said.code === "wrong_offset") throw new OffsetMoved(said.facts.received);
    throw new UploadRefused(said.title ?? "上传被拒绝，请刷新页面后重试。");
  }

  /** @type {import("./upload.js").Wire} */
  const wire = {
    begin: (body) => ask(data.beginUrl ?? "", "POST", JSON.stringify(body)),
    put: (id, offset, part) =>
      ask((data.uploadUrl ?? "").replace("00000000-0000-0000-0000-000000000000", id), "PUT", part, {
        "Upload-Offset": String(offset), "Content-Type": "application/octet-stream",
      }),
    wait: (ms) => new Promise((done) => setTimeout(done, ms)),
  };

  async function watch() {
    const response = await fetch(data.stateUrl ?? "").catch(() => null);
    const state = response?.ok ? await response.json() : null;
    if (state) {
      if (chip) chip.textContent = state.label;
      if (state.encoding === "ready") return location.reload();
      if (state.encoding === "failed") {
        if (problem) problem.textContent = state.problem;
        if (progress instanceof HTMLElement) progress.hidden = true;
        return;
      }
      show(state.progress, `${state.label} ${Math.round(state.progress * 100)}%`);
    }
    setTimeout(watch, ASK_EVERY_MS);
  }

  /** @param {File} file */
  async function send(file) {
    running = new AbortController();
    if (problem) problem.textContent = "";
    if (pause instanceof HTMLElement) pause.hidden = false;
    let share = 0;
    try {
      const whole = await uploadFile(file, wire, (sent, total, waiting) => {
        share = sent / total;
        const text = `${(sent / 1048576).toFixed(1)} / ${(total / 1048576).toFixed(1)} MB`;
        show(share, waiting ? `网络中断，恢复后自动续传 · ${text}` : `上传中 ${text}`);
      }, running.signal);
      if (whole) await watch();
      else show(share, "已暂停；再次选择同一文件即从断点继续。");
    } catch (error) {
      if (!(error instanceof UploadRefused)) throw error;
      if (problem) problem.textContent = error.message;
    } finally {
      running = null;
      if (pause instanceof HTMLElement) pause.hidden = true;
    }
  }

  if (input instanceof HTMLInputElement) {
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file && !running) void send(file);
      input.value = "";
    });
  }
  pause?.addEventListener("click", () => running?.abort());
  addEventListener("beforeunload", (event) => running && event.preventDefault());
  if (data.encoding === "waiting" || data.encoding === "encoding") void watch();
}
