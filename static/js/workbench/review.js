// @ts-check
import { byId, clock, el, icon, toast } from "./dom.js";
import { mountReview as mountPlayer } from "../recordings/review.js";

const OPINIONS = new Set(["DOUBT"]);

/**
 * After the call: raw tracks in step, marks, and the opinion.
 * @param {{ ask: (type: string, body?: Record<string, unknown>) => Promise<any> }} socket
 */
export function mountReview(socket) {
  const base = byId("workbench").dataset.recordingUrl ?? "";
  const file = /** @type {HTMLButtonElement} */ (byId("verdict-file"));
  const note = /** @type {HTMLTextAreaElement} */ (byId("verdict-note"));
  const radios = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[name=verdict]")]);
  /** @type {ReturnType<typeof mountPlayer> | null} */
  let player = null;
  let callId = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer = undefined;

  const chosen = () => radios.find((radio) => radio.checked)?.value ?? "";
  function check() {
    for (const radio of radios) radio.closest(".opt")?.classList.toggle("opt--on", radio.checked);
    file.disabled = !chosen() || (OPINIONS.has(chosen()) && !note.value.trim());
  }
  for (const radio of radios) radio.addEventListener("change", check);
  note.addEventListener("input", check);

  file.addEventListener("click", async () => {
    file.disabled = true;
    try {
      await socket.ask("verdict.file", { verdict: chosen(), note: note.value.trim() });
      toast("处理意见已提交。");
      reset();
    } catch (error) {
      toast(String(/** @type {Error} */ (error).message), { bad: true });
      check();
    }
  });

  async function load() {
    clearTimeout(timer);
    const asked = callId;
    const answer = await fetch(`${base}${asked}/review.json`);
    if (asked !== callId) return;
    if (answer.ok) {
      const view = await answer.json();
      byId("review-stage").textContent = view.stage_label ? `录像：${view.stage_label}` : "";
      if (view.ready && !player) {
        byId("player-empty").hidden = true;
        player = mountPlayer(byId("player"), view);
      }
      showMarks(view.events);
    }
    timer = setTimeout(() => void load(), player ? 4000 : 700);
  }

  /** @param {any[]} events */
  function showMarks(events) {
    const shown = events.filter((event) => event.kind === "tag" || event.kind === "gap");
    byId("review-count").textContent = String(shown.length);
    byId("review-marks").replaceChildren(
      ...shown.map((event) => {
        const isGap = event.kind === "gap";
        const row = el(
          "button",
          { class: "marks__row", type: "button" },
          el("b", {}, clock(event.at_ms / 1000)),
          el("span", { class: isGap ? "chip is-busy" : "chip is-down" }, icon(isGap ? "alert" : "flag"), isGap ? "中断" : "标签"),
          el("span", { class: "clip" }, event.payload.note || ""),
        );
        row.addEventListener("click", () => player?.seek(event.at_ms));
        return row;
      }),
    );
  }

  function reset() {
    clearTimeout(timer);
    player?.destroy();
    player = null;
    callId = "";
    note.value = "";
    for (const radio of radios) radio.checked = false;
    byId("player-empty").hidden = false;
    check();
  }

  return {
    reset,
    /** @param {any} call */
    show(call) {
      const missing = call.missing ?? [];
      const barred = byId("pass-barred");
      barred.hidden = missing.length === 0;
      barred.textContent = `不可选：${missing.join("、")} 尚未面谈。`;
      const pass = /** @type {HTMLInputElement} */ (byId("verdict-pass"));
      pass.disabled = missing.length > 0;
      byId("opt-pass").classList.toggle("opt--no", missing.length > 0);
      if (callId !== call.id) {
        reset();
        callId = call.id;
        void load();
      }
    },
  };
}
