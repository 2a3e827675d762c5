// @ts-check
import { byId, el, icon } from "./dom.js";

/**
 * The script: one step large, ticked off by mouse or key, told to the recording as a chapter. The
 * beginning of a step is told too: the customer reads along what is being read now.
 * @param {(step: { order: number, title: string, text: string }, done: boolean) => Promise<any>} tell
 */
export function mountScript(tell) {
  /** @type {any[]} */
  let steps = [];
  let at = 0;

  async function done() {
    const step = steps[at];
    if (!step) return;
    await tell(step, true);
    at = Math.min(at + 1, steps.length);
    show();
    if (steps[at]) await tell(steps[at], false);
  }
  byId("step-done").addEventListener("click", () => void done());
  byId("step-back").addEventListener("click", () => {
    at = Math.max(0, at - 1);
    show();
  });

  function show() {
    const step = steps[at];
    byId("script-title").textContent = step ? `${step.order} · ${step.title}` : steps.length ? "话术已完成" : "话术";
    byId("script-text").textContent = step ? step.text : steps.length ? "全部步骤已完成，可以结束面谈。" : "该产品未配置话术";
    byId("script-kind").hidden = byId("script-required").hidden = !step;
    byId("script-kind").textContent = step?.kind_label ?? "";
    byId("script-required").hidden = !step?.required;
    byId("script-progress").textContent = steps.length ? `${at} / ${steps.length}` : "";
    /** @type {HTMLButtonElement} */ (byId("step-done")).disabled = !step;
    const from = Math.max(0, Math.min(at - 2, steps.length - 5));
    byId("script-steps").replaceChildren(
      ...steps.slice(from, from + 5).map((row, index) => {
        const position = from + index;
        const look = position < at ? " steps__row--done" : position === at ? " steps__row--now" : "";
        return el("li", { class: `steps__row${look}` }, position < at ? icon("check") : el("span", { class: "n" }, String(row.order)), el("span", {}, row.title));
      }),
    );
  }

  return {
    done,
    /** @param {any[]} fresh @param {any[]} events */
    load(fresh, events) {
      steps = fresh;
      const last = events.filter((e) => e.kind === "script_step" && e.payload.done).at(-1);
      at = last ? steps.findIndex((s) => s.order === last.payload.order) + 1 : 0;
      show();
      const isNew = !events.some((e) => e.kind === "script_step");
      if (isNew && steps[at]) void tell(steps[at], false);
    },
  };
}
