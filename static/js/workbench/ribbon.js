// @ts-check
import { byId, clock, el, icon } from "./dom.js";

const TAGS = /** @type {Record<string, [string, string]>} */ ({
  risk: ["mark--risk", "风险点"], key_point: ["mark--key", "重点"], other: ["mark--key", "其他"],
});

/** How far along the ribbon (0–1) a moment lies; the scale grows in steps of five minutes. */
export function scaleMs(/** @type {number} */ lengthMs) {
  const step = 300_000;
  return Math.max(1, Math.ceil(lengthMs / step)) * step;
}

/** The call's timeline: tags, snapshots, steps, gaps; grows while the call runs. */
export function mountRibbon() {
  const root = byId("ribbon");
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (root.querySelector(`[data-ribbon-${name}]`));
  /** @type {any} */
  let call = null;
  setInterval(() => call && grow(), 1000);

  const lengthMs = () => (call.ended_unix_ms ?? Date.now()) - call.clock_unix_ms;
  const place = (/** @type {HTMLElement} */ mark, /** @type {number} */ ms) =>
    mark.style.setProperty("left", `${(100 * ms) / scaleMs(lengthMs())}%`);

  function grow() {
    part("ok").style.width = `${(100 * lengthMs()) / scaleMs(lengthMs())}%`;
  }

  return {
    /** @param {any} shown */
    show(shown) {
      call = shown;
      const tags = shown.events.filter((/** @type {any} */ e) => e.kind === "tag");
      const gaps = shown.events.filter((/** @type {any} */ e) => e.kind === "gap");
      const steps = shown.events.filter((/** @type {any} */ e) => e.kind === "script_step" && e.payload.done);
      part("tags").textContent = String(tags.length);
      part("shots").textContent = String(shown.snapshots.length);
      part("gaps").textContent = String(gaps.length);
      const marks = [
        ...tags.map((/** @type {any} */ tag) => {
          const [look, label] = TAGS[tag.payload.kind] ?? TAGS.other ?? ["", ""];
          return [tag.at_ms, el("button", { class: `mark ${look}`, type: "button", "aria-label": `${clock(tag.at_ms / 1000)} 标签 ${label}`, title: label }, icon("flag"))];
        }),
        ...shown.snapshots.map((/** @type {any} */ shot) => [
          shot.at_ms,
          el("button", { class: "mark mark--shot", type: "button", "aria-label": `${clock(shot.at_ms / 1000)} 抓拍 ${shot.kind_label}`, title: shot.kind_label }, icon("shot")),
        ]),
      ];
      part("marks").replaceChildren(...marks.map(([ms, mark]) => (place(mark, ms), mark)));
      part("lost").replaceChildren(
        ...gaps.map((/** @type {any} */ gap) => {
          const bar = el("span", { class: "ribbon__gap", role: "img", "aria-label": `${clock(gap.at_ms / 1000)} 中断` });
          place(bar, gap.at_ms);
          bar.style.width = `${(100 * ((gap.until_ms ?? lengthMs()) - gap.at_ms)) / scaleMs(lengthMs())}%`;
          return bar;
        }),
      );
      part("steps").replaceChildren(
        ...steps.map((/** @type {any} */ step, /** @type {number} */ index) => {
          const from = index ? steps[index - 1].at_ms : 0;
          const bar = el("button", { class: "ribbon__step", type: "button", title: step.payload.title }, `${step.payload.order} ${step.payload.title}`);
          place(bar, from);
          bar.style.width = `${(100 * (step.at_ms - from)) / scaleMs(lengthMs())}%`;
          return bar;
        }),
      );
      const whole = scaleMs(lengthMs());
      part("ruler").replaceChildren(
        ...[0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => {
          const label = el("span", {}, clock((whole * share) / 1000));
          label.style.left = `${share * 100}%`;
          return label;
        }),
      );
      grow();
    },
  };
}
