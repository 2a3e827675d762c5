// @ts-check
import { byId, clock, el, size } from "./dom.js";

/**
 * What is wrong with the recording, in one sentence; empty when nothing is.
 * @param {{ recording: boolean, degraded?: boolean, tracks: { stalled: boolean, kind: string }[] }} proof
 */
export function alarmOf(proof) {
  if (proof.tracks.some(({ stalled }) => stalled)) return "录像已停止写入：请告知客户稍候，并立即联系运维。";
  if (proof.degraded) return "录像磁盘已满：仅保留录音，画面未被录制。请尽快联系运维。";
  return "";
}

/** Recording proof: what was written and when, not hope. */
export function mountProof() {
  const root = byId("proof");
  let heardAt = 0;
  setInterval(() => {
    if (heardAt && Date.now() - heardAt > 5000) {
      root.classList.add("is-down");
      root.dataset.proofState = "silent";
      alarm("已超过 5 秒没有收到录制状态：录像是否在写入无法确认。");
    }
  }, 1000);

  /** @param {string} text */
  function alarm(text) {
    const line = byId("record-alarm");
    line.hidden = !text;
    if (line.textContent !== text) line.textContent = text; // an alert that does not change is read out once
  }

  return {
    /** @param {any} proof @param {any} call */
    show(proof, call) {
      heardAt = Date.now();
      const bytes = proof.tracks.reduce((/** @type {number} */ sum, /** @type {any} */ track) => sum + track.bytes, 0);
      const oldest = Math.max(0, ...proof.tracks.map((/** @type {any} */ track) => track.last_write_age_ms));
      const stalled = proof.tracks.some((/** @type {any} */ track) => track.stalled);
      root.classList.toggle("is-down", stalled || proof.degraded);
      alarm(alarmOf(proof));
      root.dataset.proofBytes = String(bytes);
      root.dataset.proofTracks = String(proof.tracks.length);
      root.dataset.proofState = proof.recording ? (stalled ? "stalled" : proof.degraded ? "degraded" : "recording") : "off";
      root.replaceChildren(
        el("span", { class: proof.recording ? "proof__on" : "proof__off" }, el("i"), proof.recording ? (proof.degraded ? "仅录音" : "录制中") : "未录制"),
        el("span", { class: "proof__clock" }, clock((Date.now() - call.clock_unix_ms) / 1000)),
        el("span", { class: "proof__sep" }),
        el("span", {}, `${proof.tracks.length} 轨`),
        el("span", { class: "proof__ok" }, `${Math.round(oldest / 1000)} s 前`),
        el("span", {}, size(bytes)),
        el("span", {}, `盘余 ${Math.round(proof.disk_free_percent)}%`),
      );
    },
    /** The call is over: what was recorded is there, and how far it is. @param {any} call @param {string} stage */
    ended(call, stage) {
      heardAt = 0;
      root.classList.remove("is-down");
      root.replaceChildren(
        el("span", { class: "proof__off" }, el("span", { class: "dot is-idle" }), "录制已结束"),
        el("span", { class: "proof__clock" }, clock((call.ended_unix_ms - call.clock_unix_ms) / 1000)),
        ...(stage ? [el("span", { class: "proof__sep" }), el("span", { class: "proof__ok" }, stage)] : []),
      );
    },
    clear() {
      heardAt = 0;
      alarm("");
      root.classList.remove("is-down");
      delete root.dataset.proofBytes;
      delete root.dataset.proofState;
      root.replaceChildren(el("span", { class: "proof__off" }, el("span", { class: "dot" }), "未录制"));
    },
  };
}
