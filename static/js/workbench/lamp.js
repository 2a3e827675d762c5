// @ts-check
import { el, icon } from "../ui/dom.js";

/**
 * @typedef {{ level: "stop" | "warn" | "ok", title: string, detail: string, at_ms: number | null }} Check
 */

const ICONS = { stop: "x-c", warn: "alert", ok: "check-c" };

/** What the lamp says in one line. @param {readonly Check[]} checks */
export function verdictOf(checks) {
  const stops = checks.filter(({ level }) => level === "stop").length;
  const warns = checks.filter(({ level }) => level === "warn").length;
  const level = stops ? "stop" : warns ? "warn" : "ok";
  const parts = [...(stops ? [`需处理 ${stops} 项`] : []), ...(warns ? [`留意 ${warns} 项`] : [])];
  return { level, text: parts.length ? parts.join("，") : "全部就绪" };
}

/**
 * 放行灯: light, sentence, one row a check; a row with a moment leads there.
 * @param {readonly Check[]} checks
 * @param {(atMs: number) => void} [goTo]
 */
export function lamp(checks, goTo) {
  const { level, text } = verdictOf(checks);
  const light = el("span", { class: `lamp__light lamp__light--${level}` }, icon(ICONS[/** @type {"ok"} */ (level)]));
  return el(
    "div",
    {},
    el("div", { class: "lamp" }, light, el("div", {}, el("h2", {}, `放行灯：${text}`), el("p", {}, "按话术、干系人、照片、录制与中断逐项核对"))),
    el(
      "div",
      { class: "checks" },
      ...checks.map((check) => {
        const inside = [icon(ICONS[check.level]), el("span", {}, check.title), el("span", { class: "end" }, check.detail)];
        const look = `checks__row checks__row--${check.level}`;
        const at = check.at_ms;
        if (at === null || !goTo) return el("div", { class: look }, ...inside);
        const row = el("button", { class: look, type: "button" }, ...inside);
        row.addEventListener("click", () => goTo(at));
        return row;
      }),
    ),
  );
}
