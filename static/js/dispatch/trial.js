// @ts-check
/** The comparison of a trial on past days. */
import { el } from "../ui/dom.js";
import { difference } from "./draft.js";

const SVG = "http://www.w3.org/2000/svg";

/** @param {number} value */
const share = (value) => `${(100 * value).toFixed(1)}%`;
/** @param {number} value */
const points = (value) => (100 * value).toFixed(1);
/** @param {number} value */
const index = (value) => value.toFixed(2);
/** @param {number} value */
const seconds = (value) => `${Math.round(value)} s`;
/** @param {number} value */
const count = (value) => String(Math.round(value));

/**
 * @param {HTMLElement} box
 * @param {any} found
 * @param {(seconds: number | null) => string} span
 */
export function showReplay(box, found, span) {
  const about = `${found.first.slice(5)} 至 ${found.last.slice(5)}，来电 ${found.arrivals} 次，坐席 ${found.seats} 位`;
  if (!found.arrivals || !found.seats) {
    box.replaceChildren(el("p", { class: "quiet" }, `${about}。没有足够的历史可以重放，请选更长的时间。`));
    return;
  }
  /** @type {[string, string, string, "less" | "more" | "none", (value: number) => string, (value: number) => string][]} */
  const rows = [
    ["等待 中位", "wait_median_s", "从入队到接通", "less", span, seconds],
    ["等待 95 分位", "wait_p95_s", "最慢的二十分之一从此起", "less", span, seconds],
    [`服务水平 ${found.target_s} s`, "service_level", "时限内接通 ÷ 全部来电", "more", share, points],
    ["放弃", "left", "等到真实的放弃时刻仍未接通", "less", count, count],
    ["插队（每千次）", "overtaken_per_1000", "接通时有更早到的非预约客户仍在等", "less", count, count],
    ["客户公平 Jain", "jain_customers", "1 为人人等得一样", "more", index, index],
    ["坐席均衡 Jain", "jain_seats", "1 为人人忙闲一样", "more", index, index],
    ["占用率", "occupancy", "忙碌 ÷ 在岗", "none", share, points],
  ];
  const body = rows.map(([name, key, help, better, write, writeDelta]) => {
    const [before, after] = [found.in_force[key], found.draft[key]];
    const { text, look } = difference(before, after, better, writeDelta);
    const shown = (/** @type {number | null} */ value) => (value === null ? "—" : write(value));
    return el("tr", {}, el("td", { title: help }, name), el("td", {}, shown(before)), el("td", {}, el("b", {}, shown(after))), el("td", { class: look }, text));
  });
  const actual = `实际等待：中位 ${span(found.actual.wait_median_s)}，95 分位 ${span(found.actual.wait_p95_s)}`;
  box.replaceChildren(
    el("p", { class: "quiet" }, `${about}${found.cut ? "（只取前 5000 次）" : ""}。${actual}`),
    el("table", { class: "cmp" }, el("thead", {}, el("tr", {}, ...["指标", "生效版", "草稿", "差"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, ...body)),
    el("div", {}, el("div", { class: "keyrow" }, el("b", {}, "等待分布（分钟）"), el("span", {}, el("i", { class: "o" }), "生效"), el("span", {}, el("i", {}), "草稿")), histogram(found.in_force.histogram, found.draft.histogram)),
    el(
      "div", {}, el("h3", {}, found.moved ? `改派 ${found.moved} 次，举例` : "没有改派：两版选了同样的坐席"),
      ...found.examples.map((/** @type {any} */ each) => el("p", { class: "why" }, el("b", {}, moment(each.at_unix_ms)), el("span", {}, `${each.from} → `, el("b", {}, each.to)), el("small", {}, `${each.rule}：${each.why}`))),
    ),
  );
}

/** @param {number} unixMs */
function moment(unixMs) {
  const date = new Date(unixMs);
  const pad = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${pad(date.getMonth() + 1)}-${pad(date.getDate())} ${pad(date.getHours())}:${pad(date.getMinutes())}`;
}

/**
 * @param {number[]} before
 * @param {number[]} after
 */
function histogram(before, after) {
  const most = Math.max(1, ...before, ...after);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "hist");
  svg.setAttribute("viewBox", "0 0 372 104");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `等待分布：两分钟以内，生效 ${(before[0] ?? 0) + (before[1] ?? 0)} 次，草稿 ${(after[0] ?? 0) + (after[1] ?? 0)} 次`);
  svg.append(part("line", { x1: "0", x2: "372", y1: "84.5", y2: "84.5" }));
  before.forEach((value, place) => {
    const x = 8 + place * 36;
    for (const [look, left, height] of /** @type {[string, number, number][]} */ ([["old", x, (76 * value) / most], ["new", x + 14, (76 * (after[place] ?? 0)) / most]])) {
      svg.append(part("rect", { class: look, x: String(left), y: String(84 - height), width: "13", height: String(height), rx: "2" }));
    }
    const label = part("text", { x: String(x + 13), y: "99", "text-anchor": "middle" });
    label.textContent = place === before.length - 1 ? `${place}+` : `${place}–${place + 1}`;
    svg.append(label);
  });
  return svg;
}

/**
 * @param {string} name
 * @param {Record<string, string>} given
 */
function part(name, given) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(given)) made.setAttribute(key, value);
  return made;
}
