// @ts-check
import { byId, el } from "./dom.js";

/** Bars of four, and the word beside them. @type {Record<string, [number, string]>} */
const LEVELS = { good: [4, "良好"], fair: [2, "较弱"], poor: [1, "很差"] };
const FAULTS = /** @type {Record<string, string>} */ ({ up: "上行", down: "下行" });

/**
 * What a person's network is called, and whose way is bad.
 * @param {string} who @param {{ level?: string, fault?: string, rtt_ms?: number | null, loss_up?: number, loss_down?: number }} quality
 */
export function networkWords(who, { level = "good", fault = "none", rtt_ms: rtt = null, loss_up: up = 0, loss_down: down = 0 }) {
  const [, word] = LEVELS[level] ?? [0, "未知"];
  const facts = [rtt === null ? "" : `往返 ${Math.round(rtt)} ms`, `丢包 ${Math.round(Math.max(up, down))}%`].filter(Boolean).join("，");
  return `${who}${FAULTS[fault] ?? ""}网络${word}（${facts}）`;
}

/** The networks of everybody in the call, in the top strip (WB-21). */
export function mountNet() {
  const root = byId("net");
  /** @type {Map<string, any>} */
  const known = new Map();
  /** @type {any} */
  let call = null;

  function show() {
    const people = (call?.participants ?? []).filter((/** @type {any} */ p) => p.state === "PRESENT" && known.has(p.id));
    root.replaceChildren(
      ...people.map((/** @type {any} */ person) => {
        const quality = known.get(person.id);
        const who = person.role === "seat" ? "坐席" : person.name;
        const [bars] = LEVELS[quality.level ?? "good"] ?? [0];
        const words = networkWords(who, quality);
        return el(
          "span",
          { title: words },
          el("span", { class: `signal signal--${bars}`, role: "img", "aria-label": words }, el("i"), el("i"), el("i"), el("i")),
          person.role === "seat" ? "坐席" : person.name.slice(0, 1),
        );
      }),
    );
  }

  return {
    /** @param {any} fresh */
    show(fresh) {
      call = fresh;
      show();
    },
    /** @param {string} id @param {any} quality */
    quality(id, quality) {
      const before = known.get(id);
      known.set(id, quality);
      if (before?.level !== quality.level || before?.fault !== quality.fault) show();
    },
    clear() {
      known.clear();
      call = null;
      root.replaceChildren();
    },
  };
}
