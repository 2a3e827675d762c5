// @ts-check
/** The call's timeline: steps, marks, who was there, what is missing. The same live and in playback. */
import { clock, el, icon } from "../ui/dom.js";
import { byParticipant } from "./clock.js";

/** @typedef {import("./clock.js").Review} Review */
/** @typedef {import("./marks.js").Moment} Moment */

const COUNTED = /** @type {const} */ ([["step", "话术步骤"], ["tag", "标签"], ["snapshot", "抓拍"], ["gap", "中断"]]);
const MARKED = new Set(["tag", "snapshot", "mute"]);
const STRETCHED = new Set(["gap", "mute", "content"]);
// Lanes of their own, where there is anything to show: by look.
const BESIDE = { content: "播放与共享", watch: "主管在场" };
const ICONS = /** @type {Record<string, string>} */ ({ tag: "flag", snapshot: "shot", gap: "alert" });

/**
 * Labels of the ruler in ms: four to seven round steps.
 * @param {number} durationMs
 */
export function rulerMarks(durationMs) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((s) => s * 1000);
  const step = steps.find((each) => durationMs / each <= 6) ?? 7_200_000;
  const marks = [];
  for (let at = 0; at < durationMs; at += step) marks.push(at);
  return marks;
}

/**
 * The path of a lane's sound: an upright stroke for each digit, in a box one wide a digit and 16 high.
 * @param {string} digits how loud each of equal parts was, 0 to 9
 */
export function wavePath(digits) {
  return [...digits].map((digit, at) => (digit === "0" ? "" : `M${at + 0.5} ${8 - 0.75 * Number(digit)}V${8 + 0.75 * Number(digit)}`)).join("");
}

const SVG = "http://www.w3.org/2000/svg";
/** @param {string} digits */
function wave(digits) {
  const drawn = document.createElementNS(SVG, "svg");
  const path = document.createElementNS(SVG, "path");
  const facts = { class: "line__wave", viewBox: `0 0 ${digits.length} 16`, preserveAspectRatio: "none", "aria-hidden": "true" };
  for (const [name, value] of Object.entries(facts)) drawn.setAttribute(name, value);
  path.setAttribute("d", wavePath(digits));
  drawn.append(path);
  return drawn;
}

/**
 * @param {Pick<Review, "duration_ms" | "tracks" | "waves">} view
 * @param {(ms: number) => void} seek
 * @param {{ isLive?: boolean }} [options] live: no lane a person, one for all that grows with the call
 */
export function mountTimeline(view, seek, { isLive = false } = {}) {
  let whole = Math.max(1, view.duration_ms);
  let now = whole;
  const share = (/** @type {number} */ ms) => `${Math.min(100, Math.max(0, (100 * ms) / whole))}%`;
  const put = (/** @type {HTMLElement} */ bar, /** @type {number} */ from, /** @type {number} */ to) => {
    bar.style.setProperty("left", share(from));
    bar.style.setProperty("width", share(to - from));
    return bar;
  };

  const steps = el("div", { class: "line__steps" });
  const marks = el("div", { class: "line__marks" });
  const head = el("i", { class: "line__head" });
  const ruler = el("div", { class: "line__ruler" });
  function rule() {
    ruler.replaceChildren(
      ...rulerMarks(whole).map((at) => {
        const label = el("span", {}, clock(at / 1000));
        label.style.setProperty("left", share(at));
        return label;
      }),
    );
  }
  rule();
  const names = el("div", { class: "line__names" }, el("span", { class: "line__first" }, "步骤与标记"));
  const area = el("div", { class: "line__area" }, marks, steps);
  /** @type {Map<string, HTMLElement>} */
  const gapsOf = new Map();
  for (const person of byParticipant(view.tracks)) {
    names.append(el("span", { class: "clip", title: `${person.name} · ${person.role}` }, person.name));
    const lane = el("div", { class: "line__lane" });
    for (const track of person.tracks.filter((each) => !each.source && (each.kind === "audio" || !person.tracks.some((other) => other.kind === "audio")))) {
      lane.append(put(el("i", { class: "line__in" }), track.start_ms, track.end_ms));
    }
    const sound = view.waves?.[person.id];
    if (sound) lane.append(wave(sound));
    const gaps = el("span", {});
    gapsOf.set(person.id, gaps);
    lane.append(gaps);
    for (const track of person.tracks.filter((each) => each.source)) {
      const bar = put(el("i", { class: "line__rescue", title: "客户端补录" }), track.shown_from_ms ?? track.start_ms, track.shown_until_ms ?? track.end_ms);
      lane.append(bar);
    }
    area.append(lane);
  }
  const beside = Object.entries(isLive ? {} : BESIDE).map(([look, name]) => ({
    look, name: el("span", { class: "clip", hidden: true }, name), lane: el("div", { class: "line__lane line__lane--named", hidden: true }),
  }));
  for (const each of beside) {
    names.append(each.name);
    area.append(each.lane);
  }
  const grown = el("i", { class: "line__in" });
  const stretches = el("span", {});
  if (isLive) area.append(el("div", { class: "line__lane line__lane--all" }, grown, stretches));
  area.append(ruler, head);
  area.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("button")) return;
    const box = area.getBoundingClientRect();
    seek(((event.clientX - box.left) / box.width) * whole);
  });
  const counts = el("span", { class: "line__counts" });
  const root = el(
    "section", { class: `card line${isLive ? " line--live" : ""}`, "aria-label": "时间轴" },
    el("div", { class: "line__top" }, el("b", {}, "时间轴"), counts, ...(isLive ? [el("span", { class: "grow" }), el("span", { class: "quiet only-wide" }, "标签落在按键前几秒")] : [])),
    el("div", { class: "line__grid" }, ...(isLive ? [] : [names]), area),
  );
  /** @type {Record<string, HTMLElement>} */
  const said = {};
  for (const [kind, word] of COUNTED) {
    const number = el("b", { [`data-count-${kind}`]: true }, "0");
    said[kind] = number;
    counts.append(el("span", {}, `${word} `, number));
  }

  /** @param {Moment} moment */
  function stretch(moment) {
    const label = `${clock(moment.atMs / 1000)} ${moment.label}`;
    const made = el("i", { class: `line__${moment.kind}`, role: "img", "aria-label": label, title: label }, isLive ? "" : moment.label);
    return put(made, moment.atMs, moment.untilMs ?? now);
  }

  return {
    root,
    /** @param {readonly Moment[]} moments */
    show(moments) {
      const of = (/** @type {string} */ kind) => moments.filter((moment) => moment.kind === kind);
      const lostS = of("gap").reduce((sum, gap) => sum + ((gap.untilMs ?? now) - gap.atMs), 0) / 1000;
      for (const [kind] of COUNTED) said[kind]?.replaceChildren(String(of(kind).length), kind === "gap" && lostS ? ` · ${Math.ceil(lostS)} s` : "");
      marks.replaceChildren(
        ...moments.filter((moment) => MARKED.has(moment.kind)).map((moment) => {
          const label = [clock(moment.atMs / 1000), moment.label, moment.note].filter(Boolean).join(" ");
          const made = el("button", { class: `line__mark line__mark--${moment.look}`, type: "button", "aria-label": label, title: label }, icon(ICONS[moment.kind] ?? "flag"));
          made.style.setProperty("left", share(moment.atMs));
          made.addEventListener("click", () => seek(moment.atMs));
          return made;
        }),
      );
      let from = 0;
      steps.replaceChildren(
        ...of("step").map((moment, index) => {
          const begun = from;
          from = moment.atMs;
          const made = el("button", { class: `line__step${moment.look === "skip" ? " line__step--skip" : ""}`, type: "button", title: moment.label }, `${index + 1} ${moment.label}`);
          made.addEventListener("click", () => seek(begun));
          return put(made, begun, moment.atMs);
        }),
      );
      for (const [id, gaps] of gapsOf) {
        gaps.replaceChildren(
          ...of("gap").filter((gap) => gap.participantId === null || gap.participantId === id).map((gap) =>
            put(el("i", { class: "line__gap", title: `${clock(gap.atMs / 1000)} 中断` }), gap.atMs, gap.untilMs ?? now),
          ),
        );
      }
      if (isLive) {
        put(grown, 0, now);
        stretches.replaceChildren(...moments.filter((moment) => STRETCHED.has(moment.kind)).map(stretch));
      } else {
        for (const { look, name, lane } of beside) {
          const shown = of("content").filter((moment) => moment.look === look);
          lane.replaceChildren(...shown.map(stretch));
          lane.hidden = name.hidden = shown.length === 0;
        }
      }
    },
    /** The call has grown: how long it is, and what the whole width stands for. @param {number} lengthMs @param {number} wholeMs */
    grow(lengthMs, wholeMs) {
      now = lengthMs;
      if (wholeMs !== whole) {
        whole = wholeMs;
        rule();
      }
      put(grown, 0, now);
      head.style.setProperty("left", share(now));
    },
    /** @param {number} ms */
    at(ms) {
      head.style.setProperty("left", share(ms));
    },
  };
}
