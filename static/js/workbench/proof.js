// @ts-check
import { byId, clock, el, size } from "./dom.js";
import { Calm, findingsOf } from "./proof-findings.js";
import { toneOf } from "./tone.js";

const NOTES = /** @type {const} */ ([[0, 520], [0.25, 520]]);

/**
 * Recording proof: what was written and when, not hope. Amber: something is missing or late; red: nothing
 * is written, or nobody knows. Who interviews hears it once and says that it was seen (WB-6).
 * @param {{ seen?: (causes: string[]) => Promise<unknown>, sound?: (notes: import("./tone.js").Notes) => void }} [seat]
 *   `seen`: whoever only looks on acknowledges nothing and hears nothing
 */
export function mountProof({ seen, sound = toneOf() } = {}) {
  const root = byId("proof");
  const line = byId("record-alarm");
  const words = /** @type {HTMLElement} */ (line.querySelector("[data-alarm-text]"));
  const button = line.querySelector("button");
  let calm = new Calm();
  let heardAt = 0;
  /** @type {any} */
  let proof = null;
  /** @type {any} */
  let call = null;
  /** @type {import("./proof-findings.js").Finding[]} */
  let shown = [];
  /** What was acknowledged; what is over and comes again has to be seen again. @type {Set<string>} */
  let acknowledged = new Set();
  let heard = "";
  setInterval(() => heardAt && look(), 1000);
  button?.addEventListener("click", () => {
    const causes = [...new Set(shown.map(({ cause }) => cause))];
    acknowledged = new Set(shown.map(({ key }) => key));
    draw();
    void seen?.(causes);
  });

  function look() {
    const now = Date.now();
    shown = calm.look(findingsOf(proof, call, now - heardAt), now);
    const keys = shown.map(({ key }) => key);
    acknowledged = new Set(keys.filter((key) => acknowledged.has(key)));
    const isNew = shown.some(({ key }) => !acknowledged.has(key) && !heard.split(" ").includes(key));
    heard = keys.join(" ");
    if (isNew && seen) sound(NOTES);
    draw();
  }

  function draw() {
    const isRed = shown.some((finding) => finding.isRed);
    root.classList.toggle("is-down", isRed);
    root.classList.toggle("is-busy", shown.length > 0 && !isRed);
    const open = shown.filter(({ key }) => !acknowledged.has(key));
    const text = open.some((finding) => finding.isRed)
      ? open.filter((finding) => finding.isRed).map((finding) => finding.text).join("")
      : open.length ? `录制不完整：${open.map((finding) => finding.text).join("；")}。` : "";
    line.hidden = !text;
    line.classList.toggle("is-busy", !open.some((finding) => finding.isRed));
    if (words.textContent !== text) words.textContent = text; // an alert that does not change is read out once
    drawLamp(isRed);
  }

  /** @param {boolean} isRed */
  function drawLamp(isRed) {
    const bytes = proof.tracks.reduce((/** @type {number} */ sum, /** @type {any} */ track) => sum + track.bytes, 0);
    const oldest = Math.max(0, ...proof.tracks.map((/** @type {any} */ track) => track.last_write_age_ms));
    root.dataset.proofBytes = String(bytes);
    root.dataset.proofTracks = String(proof.tracks.length);
    root.dataset.proofState = !proof.recording ? "off" : isRed ? (shown.find((finding) => finding.isRed)?.cause ?? "") : shown.length ? "incomplete" : "recording";
    root.title = shown.map((finding) => finding.text).join("；");
    root.replaceChildren(
      el("span", { class: proof.recording ? "proof__on" : "proof__off" }, el("i"), wordOf(isRed)),
      el("span", { class: "proof__clock" }, clock((Date.now() - call.clock_unix_ms) / 1000)),
      el("span", { class: "proof__sep" }),
      el("span", {}, `${proof.tracks.length} 轨`),
      el("span", { class: "proof__ok" }, `${Math.round(oldest / 1000)} s 前`),
      el("span", {}, size(bytes)),
      el("span", {}, `盘余 ${Math.round(proof.disk_free_percent)}%`),
    );
  }

  /** @param {boolean} isRed */
  function wordOf(isRed) {
    if (!proof.recording) return "未录制";
    if (proof.degraded) return "仅录音";
    if (isRed) return "录制异常";
    return shown.length ? "录制不完整" : "录制中";
  }

  function forget() {
    heardAt = 0;
    calm = new Calm();
    shown = [];
    acknowledged = new Set();
    heard = "";
    line.hidden = true;
    root.classList.remove("is-down", "is-busy");
    root.title = "";
  }

  return {
    /** @param {any} told @param {any} running */
    show(told, running) {
      heardAt = Date.now();
      [proof, call] = [told, running];
      look();
    },
    /** The call is over: what was recorded is there, and how far it is. @param {any} over @param {string} stage */
    ended(over, stage) {
      forget();
      root.replaceChildren(
        el("span", { class: "proof__off" }, el("span", { class: "dot is-idle" }), "录制已结束"),
        el("span", { class: "proof__clock" }, clock((over.ended_unix_ms - over.clock_unix_ms) / 1000)),
        ...(stage ? [el("span", { class: "proof__sep" }), el("span", { class: "proof__ok" }, stage)] : []),
      );
    },
    clear() {
      forget();
      delete root.dataset.proofBytes;
      delete root.dataset.proofState;
      root.replaceChildren(el("span", { class: "proof__off" }, el("span", { class: "dot" }), "未录制"));
    },
  };
}
