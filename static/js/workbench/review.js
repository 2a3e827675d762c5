// @ts-check
import { byId, clock, el, icon, toast } from "./dom.js";
import { mountPlayer } from "../recordings/player.js";
import { reportWatched } from "../recordings/watched.js";
import { isSettled, uploadText } from "../recordings/upload.js";
import { lamp } from "./lamp.js";
import { askReason } from "./reason.js";
import { lookOf } from "./tags.js";

const NEEDS_NOTE = new Set(["DOUBT"]);
const PARTS = 12;

/**
 * After the call: raw tracks in step, marks, what is missing, and the opinion.
 * @param {{ ask: (type: string, body?: Record<string, unknown>) => Promise<any> }} socket
 * @param {{ addTag: (atMs: number) => void, onStage: (stage: string) => void, viewer: () => string }} acts
 */
export function mountReview(socket, acts) {
  const base = byId("workbench").dataset.recordingUrl ?? "";
  const file = /** @type {HTMLButtonElement} */ (byId("verdict-file"));
  const note = /** @type {HTMLTextAreaElement} */ (byId("verdict-note"));
  const radios = /** @type {HTMLInputElement[]} */ ([...document.querySelectorAll("[name=verdict]")]);
  /** @type {ReturnType<typeof mountPlayer> | null} */
  let player = null;
  let callId = "";
  let ticket = "";
  let lampKey = "";
  let isFiling = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer = undefined;

  const chosen = () => radios.find((radio) => radio.checked && !radio.disabled)?.value ?? "";
  function check() {
    for (const radio of radios) radio.closest(".opt")?.classList.toggle("opt--on", radio.checked);
    file.disabled = isFiling || !chosen() || (NEEDS_NOTE.has(chosen()) && !note.value.trim());
  }
  for (const radio of radios) radio.addEventListener("change", check);
  note.addEventListener("input", check);

  async function fileIt() {
    if (file.disabled) return;
    isFiling = true;
    check();
    try {
      await socket.ask("verdict.file", { verdict: chosen(), note: note.value.trim() });
      toast("处理意见已提交，录像在后台继续入库。");
      reset();
    } catch (error) {
      toast(String(/** @type {Error} */ (error).message), { bad: true });
    } finally {
      isFiling = false;
      check();
    }
  }
  file.addEventListener("click", () => void fileIt());
  byId("review-add").addEventListener("click", () => player && acts.addTag(Math.round(player.atMs)));

  async function load() {
    clearTimeout(timer);
    const asked = callId;
    try {
      const answer = await fetch(`${base}${asked}/review.json?t=${encodeURIComponent(ticket)}`);
      if (asked !== callId) return;
      if (answer.ok) show(await answer.json());
    } catch {
      // The network is away: the next look asks again.
      byId("review-stage").textContent = "与服务器的连接中断，正在重试…";
    }
    if (asked === callId) timer = setTimeout(() => void load(), player ? 3000 : 700);
  }

  /** @param {any} view */
  function show(view) {
    ticket = view.ticket; // asking with it renews it
    showUpload(view);
    if (view.ready && !player) {
      byId("player-empty").hidden = true;
      player = mountPlayer(byId("player"), view, { watermark: acts.viewer(), onWatched: reportWatched(`${base}${callId}/watched`) });
    } else {
      player?.showEvents(view.events);
    }
  }

  /** @param {any} view */
  function showUpload({ upload, stage_label: stage }) {
    acts.onStage(stage ?? "");
    byId("review-stage").textContent = upload ? `${stage} · ${uploadText(upload)}` : "等待处理";
    const full = upload ? Math.round((PARTS * (isSettled(upload) ? 100 : upload.percent)) / 100) : 0;
    byId("upload-parts").replaceChildren(
      ...Array.from({ length: PARTS }, (_, index) => el("i", { class: index < full ? "ok" : index === full && upload ? (upload.error ? "bad" : "now") : "" })),
    );
  }

  /** @param {any} call */
  function showMarks(call) {
    const shown = call.events.filter((/** @type {any} */ event) => event.kind === "tag" || event.kind === "gap");
    byId("review-count").textContent = String(shown.length);
    byId("review-marks").replaceChildren(
      ...(shown.length ? shown.map(row) : [el("p", { class: "empty" }, "没有标签，也没有中断。拖动时间轴，可在此处加标签。")]),
    );
  }

  /** @param {any} event */
  function row(event) {
    const isGap = event.kind === "gap";
    const [look, label] = isGap ? ["mark--risk", "中断"] : lookOf(event.payload.kind);
    const chip = el("span", { class: isGap || look === "mark--risk" ? "chip is-down" : "chip is-busy" }, icon(isGap ? "alert" : "flag"), label);
    const go = el("button", { class: "marks__go", type: "button" }, el("b", {}, clock(event.at_ms / 1000)), chip, el("span", { class: "clip" }, event.payload.note || (isGap ? length(event) : "")));
    go.addEventListener("click", () => player?.seek(event.at_ms));
    if (isGap) return el("div", { class: "marks__line" }, go);
    const edit = el("button", { class: "btn btn--plain btn--icon btn--sm", type: "button", "aria-label": `${clock(event.at_ms / 1000)} ${label}，写备注`, title: "写备注" }, icon("pen"));
    edit.addEventListener("click", () => void annotate(event, label));
    return el("div", { class: "marks__line" }, go, edit);
  }

  /** @param {any} event @param {string} label */
  async function annotate(event, label) {
    const text = await askReason({ title: `${clock(event.at_ms / 1000)} ${label}`, label: "备注", text: event.payload.note ?? "", isOptional: true, max: 500, go: "保存备注" });
    if (text === null) return;
    try {
      await socket.ask("call.tag.note", { event_id: event.id, note: text });
    } catch (error) {
      toast(String(/** @type {Error} */ (error).message), { bad: true });
    }
  }

  function reset() {
    clearTimeout(timer);
    player?.destroy();
    player = null;
    callId = ticket = lampKey = "";
    note.value = "";
    for (const radio of radios) radio.checked = false;
    byId("player-empty").hidden = false;
    byId("review-lamp").replaceChildren();
    check();
  }

  return {
    reset,
    file: () => void fileIt(),
    /** An opinion by key: chosen, and the cursor where it has to be explained. @param {string} verdict */
    choose(verdict) {
      const radio = radios.find(({ value }) => value === verdict);
      if (!radio || radio.disabled) {
        toast(byId("pass-barred").textContent ?? "", { bad: true });
        return;
      }
      radio.checked = true;
      check();
      (NEEDS_NOTE.has(verdict) ? note : radio).focus();
    },
    togglePlay: () => player?.toggle(),
    /** @param {any} call */
    show(call) {
      if (callId !== call.id) {
        reset();
        callId = call.id;
        void load();
      }
      const missing = call.missing ?? [];
      const barred = byId("pass-barred");
      barred.hidden = missing.length === 0;
      barred.textContent = `不可选：${missing.join("、")} 尚未面谈。`;
      const pass = /** @type {HTMLInputElement} */ (byId("verdict-pass"));
      pass.disabled = missing.length > 0;
      byId("opt-pass").classList.toggle("opt--no", missing.length > 0);
      const key = JSON.stringify(call.release);
      if (key !== lampKey) {
        lampKey = key;
        byId("review-lamp").replaceChildren(lamp(call.release, (ms) => player?.seek(ms)));
      }
      showMarks(call);
      check();
    },
  };
}

/** @param {any} gap */
function length(gap) {
  return gap.until_ms === null ? "未恢复" : `${Math.max(1, Math.round((gap.until_ms - gap.at_ms) / 1000))} 秒`;
}
