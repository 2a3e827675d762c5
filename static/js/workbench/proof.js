// @ts-check
import { byId, clock, el, size } from "./dom.js";

/** Recording proof: what was written and when, not hope. */
export function mountProof() {
  const root = byId("proof");
  let heardAt = 0;
  setInterval(() => {
    if (heardAt && Date.now() - heardAt > 5000) {
      root.classList.add("is-down");
      root.dataset.proofState = "silent";
    }
  }, 1000);

  return {
    /** @param {any} proof @param {any} call */
    show(proof, call) {
      heardAt = Date.now();
      const bytes = proof.tracks.reduce((/** @type {number} */ sum, /** @type {any} */ track) => sum + track.bytes, 0);
      const oldest = Math.max(0, ...proof.tracks.map((/** @type {any} */ track) => track.last_write_age_ms));
      const stalled = proof.tracks.some((/** @type {any} */ track) => track.stalled);
      root.classList.toggle("is-down", stalled);
      root.dataset.proofBytes = String(bytes);
      root.dataset.proofTracks = String(proof.tracks.length);
      root.dataset.proofState = proof.recording ? (stalled ? "stalled" : "recording") : "off";
      root.replaceChildren(
        el("span", { class: proof.recording ? "proof__on" : "proof__off" }, el("i"), proof.recording ? "录制中" : "未录制"),
        el("span", { class: "proof__clock" }, clock((Date.now() - call.clock_unix_ms) / 1000)),
        el("span", { class: "proof__sep" }),
        el("span", {}, `${proof.tracks.length} 轨`),
        el("span", { class: "proof__ok" }, `${Math.round(oldest / 1000)} s 前`),
        el("span", {}, size(bytes)),
        el("span", {}, `盘余 ${Math.round(proof.disk_free_percent)}%`),
      );
    },
    clear() {
      heardAt = 0;
      root.classList.remove("is-down");
      delete root.dataset.proofBytes;
      delete root.dataset.proofState;
      root.replaceChildren(el("span", { class: "proof__off" }, el("span", { class: "dot" }), "未录制"));
    },
  };
}
