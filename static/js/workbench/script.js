// @ts-check
import { byId, clock, el, icon } from "./dom.js";
import { askReason } from "./reason.js";

/**
 * @typedef {{ order: number, title: string, text: string, kind: string, kind_label: string, required: boolean,
 *   points: string[], guide: string, media_title: string, card: boolean }} Step
 * @typedef {{ done: boolean, skip_reason?: string, answer?: string }} Told
 */

const CHARS_PER_SECOND = 4; // read aloud, with the customer's answer
const WHY = ["客户已另行确认", "不适用于本案", "客户不配合", "时间不足，另约补充"];

/**
 * Whether the confirm card belongs to this step: as the script says, or where loan data are confirmed
 * when the script says nothing.
 * @param {Step[]} steps @param {Step | undefined} step
 */
export function asksForCard(steps, step) {
  if (!step) return false;
  return steps.some((each) => each.card) ? step.card : ["show", "answer"].includes(step.kind);
}

/**
 * About how long what is left takes, in minutes; never 0 while something is left.
 * @param {readonly Step[]} steps @param {number} at
 */
export function minutesLeft(steps, at) {
  const left = steps.slice(at);
  if (!left.length) return 0;
  const seconds = left.reduce((sum, step) => sum + 8 + step.text.length / CHARS_PER_SECOND, 0);
  return Math.max(1, Math.round(seconds / 60));
}

/**
 * The text with the case's values marked: what may have changed is read with care.
 * @param {string} text @param {readonly string[]} values
 * @returns {(Node | string)[]}
 */
export function marked(text, values) {
  const found = values.filter((value) => value.length > 1 && text.includes(value)).sort((a, b) => b.length - a.length);
  if (!found.length) return [text];
  const escaped = found.map((value) => value.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return text.split(new RegExp(`(${escaped.join("|")})`)).map((part) => (found.includes(part) ? el("mark", {}, part) : part));
}

/**
 * The script: one step large, ticked off by mouse or key, told to the recording as a chapter. The
 * beginning of a step is told too: the customer reads along what is being read now.
 * @param {(step: Step, told: Told) => Promise<any>} tell
 * @param {{ pushCard: () => void, setGuide: (frame: string) => void }} acts
 */
export function mountScript(tell, acts) {
  /** @type {Step[]} */
  let steps = [];
  /** @type {string[]} */
  let values = [];
  /** @type {Map<number, { skipped: boolean }>} */
  const settled = new Map();
  let at = 0;
  let since = 0;
  let isFolded = false;
  let busy = false;

  /** @param {Told} told */
  async function settle(told) {
    const step = steps[at];
    if (!step || busy) return;
    busy = true;
    try {
      if ((await tell(step, told)) === null) return; // refused and said so: the step stays
      settled.set(step.order, { skipped: Boolean(told.skip_reason) });
    } finally {
      busy = false;
    }
    await goTo(nextOpen()); // telling that the next one begins keeps nobody from finishing it
  }
  const done = () => settle({ done: true });
  async function skip() {
    const step = steps[at];
    if (!step) return;
    const why = await askReason({ title: `跳过第 ${step.order} 步：${step.title}`, label: step.required ? "必做步骤，须说明原因" : "原因", choices: WHY, go: "跳过本步" });
    if (why) await settle({ done: true, skip_reason: why });
  }
  /** @param {string} answer */
  async function answered(answer) {
    await settle({ done: true, answer });
  }
  async function otherAnswer() {
    const text = await askReason({ title: "客户回答", label: "客户怎么说", go: "记录并完成本步" });
    if (text) await answered(text);
  }
  const nextOpen = () => {
    const later = steps.findIndex((step, index) => index > at && !settled.has(step.order));
    if (later >= 0) return later;
    const earlier = steps.findIndex((step) => !settled.has(step.order));
    return earlier >= 0 ? earlier : steps.length;
  };

  /** @param {number} position */
  async function goTo(position) {
    at = Math.max(0, Math.min(position, steps.length));
    since = Date.now();
    show();
    const step = steps[at];
    if (!step) return;
    acts.setGuide(step.guide);
    await tell(step, { done: false });
  }
  const back = () => void goTo(at - 1);

  byId("step-done").addEventListener("click", () => void done());
  byId("step-back").addEventListener("click", back);
  byId("step-skip").addEventListener("click", () => void skip());
  byId("step-card").addEventListener("click", () => acts.pushCard());
  byId("answer-yes").addEventListener("click", () => void answered("是"));
  byId("answer-no").addEventListener("click", () => void answered("否"));
  byId("answer-other").addEventListener("click", () => void otherAnswer());
  byId("script-fold").addEventListener("click", () => {
    isFolded = !isFolded;
    byId("script").classList.toggle("script--folded", isFolded);
    byId("script-fold").setAttribute("aria-expanded", String(!isFolded));
  });
  setInterval(tick, 1000);

  function tick() {
    const step = steps[at];
    byId("script-time").hidden = !step;
    if (step) byId("script-time").textContent = `已 ${clock((Date.now() - since) / 1000)}`;
  }

  function show() {
    const step = steps[at];
    byId("script-title").textContent = step ? `${step.order} · ${step.title}` : steps.length ? "话术已完成" : "话术";
    byId("script-text").replaceChildren(...(step ? marked(step.text, values) : [steps.length ? "全部步骤已完成，可以结束面谈。" : "该产品未配置话术，请按业务要求面谈。"]));
    const hints = [...(step?.points ?? []), ...(step?.media_title ? [`播放素材：${step.media_title}`] : []), ...(step?.kind === "snapshot" ? ["抓拍（F9）后本步自动完成"] : []), ...(step?.card ? ["推送确认卡，由客户确认"] : [])];
    byId("script-points").hidden = hints.length === 0;
    byId("script-points").textContent = hints.join(" · ");
    byId("script-kind").hidden = byId("script-required").hidden = !step;
    byId("script-kind").textContent = step?.kind_label ?? "";
    byId("script-required").hidden = !step?.required;
    const left = minutesLeft(steps, at);
    byId("script-progress").textContent = steps.length ? `${settled.size} / ${steps.length}${left ? ` · 约 ${left} 分` : ""}` : "";
    byId("script-bar").hidden = !steps.length;
    const bar = byId("script-bar").querySelector("i");
    if (bar) bar.style.width = `${steps.length ? (100 * settled.size) / steps.length : 0}%`;
    for (const id of ["step-done", "step-skip"]) /** @type {HTMLButtonElement} */ (byId(id)).disabled = !step;
    /** @type {HTMLButtonElement} */ (byId("step-back")).disabled = at === 0 || !steps.length;
    byId("answers").hidden = step?.kind !== "answer";
    byId("step-card").hidden = !asksForCard(steps, step);
    byId("script-steps").replaceChildren(...steps.map(row));
    byId("script-steps").children[Math.max(0, at - 1)]?.scrollIntoView({ block: "nearest" });
    tick();
  }

  /** @param {Step} step @param {number} position */
  function row(step, position) {
    const state = settled.get(step.order);
    const look = position === at ? " steps__row--now" : state ? " steps__row--done" : "";
    const mark = state ? icon(state.skipped ? "redo" : "check") : el("span", { class: "n" }, String(step.order));
    const button = el("button", { class: `steps__row${look}`, type: "button", title: `${step.title}${state?.skipped ? "（已跳过）" : ""}` }, mark, el("span", {}, `${state ? `${step.order} ` : ""}${step.title}`));
    if (position === at) button.setAttribute("aria-current", "step");
    button.addEventListener("click", () => void goTo(position));
    return el("li", {}, button);
  }

  return {
    done,
    back,
    skip,
    /** A picture was taken: a step that asks for one is finished by it. */
    snapshotTaken() {
      if (steps[at]?.kind === "snapshot") void done();
    },
    /** The same steps with other values: the loan was changed. @param {Step[]} fresh @param {string[]} known */
    refresh(fresh, known) {
      steps = fresh;
      values = known;
      show();
    },
    /** @param {Step[]} fresh @param {any[]} events @param {string[]} known values to be marked */
    load(fresh, events, known) {
      steps = fresh;
      values = known;
      settled.clear();
      const said = events.filter((e) => e.kind === "script_step");
      for (const { payload } of said) if (payload.done) settled.set(payload.order, { skipped: Boolean(payload.skipped) });
      const last = said.at(-1)?.payload;
      const position = last && !last.done ? steps.findIndex((step) => step.order === last.order) : -1;
      at = position >= 0 ? position : steps.findIndex((step) => !settled.has(step.order));
      if (at < 0) at = steps.length;
      since = Date.now();
      show();
      if (!said.length && steps[at]) void goTo(at);
    },
  };
}
