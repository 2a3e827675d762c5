// @ts-check
/** The wallboard: asks every two seconds, says so when the answer is old. */
import { acknowledgeBy, alertHint, blindHint, isBlind } from "../ui/alerts.js";
import { el, icon } from "../ui/dom.js";
import { axisTop, path, percent, span } from "./figures.js";
import { mountSeats, seatMenu } from "./seats.js";

const ASK_EVERY_MS = 2000;
const OLD_AFTER_MS = 6000;
const SVG = "http://www.w3.org/2000/svg";
const DAY = /** @type {[string, string][]} */ ([["done", "完成"], ["running", "进行"], ["waiting", "待面谈"], ["late", "迟到"], ["no_show", "爽约"], ["unserved", "未接待"]]);
const LEFT = /** @type {[string, string][]} */ ([["queue", "排队中放弃"], ["dispatch", "分案时放弃"], ["ringing", "振铃时放弃"]]);

const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const seatUrl = document.body.dataset.seatUrl ?? "";
const token = /** @type {HTMLInputElement | null} */ (document.querySelector("input[name=csrfmiddlewaretoken]"))?.value ?? "";
const acknowledge = document.body.dataset.acknowledgeUrl ? acknowledgeBy(document.body.dataset.acknowledgeUrl, token) : null;
const supervisionUrl = document.body.dataset.supervisionUrl ?? "";
/** What went wrong, in words. @type {((act: string, row: { seat_id: number }, reason: string) => Promise<string>) | null} */
const actOnSeat = seatUrl
  ? async (act, { seat_id: seat }, reason) => {
      const answer = await fetch(seatUrl.replace("/0/pause", `/${seat}/${act}`), { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams({ reason }) });
      return answer.ok ? "" : String((await answer.json().catch(() => ({}))).detail ?? "未成功");
    }
  : null;
const seats = mountSeats(document, actOnSeat);
let told = 0;

/** @param {any} board */
function show(board) {
  told = performance.now();
  showKpis(board);
  seats.show(board);
  const pauses = Object.entries(board.pauses).map(([reason, count]) => `${reason} ${count}`);
  at("pauses").textContent = pauses.length ? `示忙：${pauses.join("，")}` : "没有示忙的坐席";
  showCalls(board);
  showAlerts(board);
  showCurve(board);
  at("day").replaceChildren(
    ...split(DAY, board.appointments, "预约", ["存疑率", board.doubt_rate === null ? "—" : `${percent(board.doubt_rate)}%`]),
    ...split(LEFT, board.abandoned, "放弃", ["放弃率", board.abandonment === null ? "—" : `${percent(board.abandonment)}%`]),
  );
}

/** @param {any} board */
function showAlerts(board) {
  at("alert-count").textContent = String(board.alerts.length);
  at("alert-count").className = board.alerts.length ? "badge is-down" : "badge";
  const blind = isBlind(board);
  at("alerts").replaceChildren(
    ...(blind ? [blindHint()] : []),
    ...board.alerts.map((/** @type {any} */ alert) => alertHint(alert, board.at_unix_ms, acknowledge)),
    ...(board.alerts.length || blind ? [] : [el("p", { class: "quiet" }, "没有告警。")]),
    ...(board.alerts_done.length ? [el("h3", { class: "alerts__head" }, `今日已恢复 ${board.alerts_done.length}`), el("ul", { class: "alerts__list" }, ...board.alerts_done.map(done))] : []),
  );
}

/** @param {any} alert */
function done({ title, ended_unix_ms: ended }) {
  return el("li", { class: "alerts__done" }, el("time", {}, new Date(ended).toTimeString().slice(0, 5)), el("span", {}, title), icon("check"));
}

/** @param {any} board */
function showKpis(board) {
  const late = board.wait_alert_s !== null && board.longest_s > board.wait_alert_s;
  const level = board.service_level;
  /** @type {[string, string, string, string, string][]} name, figure, unit, definition, look */
  const kpis = [
    ["排队", String(board.waiting), "人", "已准入、未接通的客户", board.line_alert !== null && board.waiting > board.line_alert ? "kpi--warn" : ""],
    ["最长等待", span(board.longest_s), "", "从入队起算，含断线保留", late ? "kpi--warn" : ""],
    ["服务水平", percent(level), "%", `${board.service_level_s} s 内接通 ÷（接通＋放弃），不计 ${board.short_abandon_s} s 内放弃`, level === null ? "" : board.level_alert === null ? "" : 100 * level >= board.level_alert ? "kpi--good" : "kpi--warn"],
    ["平均应答", span(board.answer_s), "", "入队到接通，今日接通者", ""],
    ["平均处理", span(board.handling_s), "", `通话 ${span(board.talk_s)} ＋ 话后 ${span(board.wrap_s)}`, ""],
    ["占用率", percent(board.occupancy), "%", "（振铃＋通话＋话后）÷ 签入且未示忙", ""],
  ];
  at("kpis").replaceChildren(
    ...kpis.map(([name, figure, unit, about, look]) =>
      el(
        "section", { class: `kpi ${look}`, "aria-label": name },
        el("h2", {}, name, ...goal(name, board)),
        el("p", { class: "kpi__num" }, figure, ...(unit && figure !== "—" ? [el("small", {}, unit)] : [])),
        el("p", { class: "kpi__def" }, about),
      )),
  );
}

/** The line an alert is told of, beside the figure. @param {string} name @param {any} board */
function goal(name, { wait_alert_s: wait, level_alert: level }) {
  if (name === "最长等待" && wait !== null) return [el("span", { class: "chip" }, `目标 ${span(wait)}`)];
  if (name === "服务水平" && level !== null) return [el("span", { class: "chip" }, `目标 ${level}%`)];
  return [];
}

/** @param {any} board */
function showCalls(board) {
  const lateBy = (/** @type {any} */ call) => (board.at_unix_ms - call.since_unix_ms) / 1000 / call.plan_s;
  at("call-count").textContent = String(board.calls.length);
  count("bad-count", "录制异常", board.calls.filter((/** @type {any} */ { recording }) => recording.stalled).length);
  count("late-count", "超计划", board.calls.filter((/** @type {any} */ call) => lateBy(call) >= 1).length);
  at("no-calls").hidden = board.calls.length > 0;
  if (document.querySelector("#calls [popover]:popover-open")) return; // whoever is choosing is not disturbed
  at("calls").replaceChildren(
    ...board.calls.map((/** @type {any} */ call) => {
      const fill = el("i");
      fill.style.setProperty("width", `${call.steps ? (100 * call.steps_done) / call.steps : 0}%`);
      const record = call.recording;
      const late = lateBy(call);
      return el(
        "tr", { class: record.stalled ? "wall__row--bad" : late >= 1 ? "wall__row--late" : "" },
        el("td", {}, el("b", {}, call.seat), " ", el("span", { class: "quiet" }, call.staff_no), el("br"), el("span", { class: "quiet" }, call.product)),
        el("td", {}, call.region || "—"),
        el("td", {}, el("span", { class: `chip ${late >= 1 ? "is-down" : late >= 0.8 ? "is-busy" : "is-talk"}` }, span((board.at_unix_ms - call.since_unix_ms) / 1000))),
        el("td", {}, String(call.present), ...(call.lost ? [el("span", { class: "chip is-down" }, `断线 ${call.lost}`)] : []), ...call.supervisors.map(company)),
        el("td", {}, el("span", { class: "wall__prog" }, el("span", { class: "states__bar" }, fill), `${call.steps_done} / ${call.steps}`)),
        el("td", {}, el("span", { class: record.stalled ? "wall__rec wall__rec--bad" : "wall__rec" }, icon(record.stalled ? "alert" : "check"), record.age_s === null ? "无证明" : record.stalled ? `停 ${Math.round(record.age_s)} s` : `${record.tracks} 轨 · ${Math.round(record.age_s)} s`)),
        el("td", {}, signal(call.network)),
        el("td", {}, acts(call)),
      );
    }),
  );
}

/** @param {string} id @param {string} word @param {number} many */
function count(id, word, many) {
  at(id).hidden = many === 0;
  at(id).textContent = `${word} ${many}`;
}

/** @param {{ name: string, silent: boolean }} supervisor */
function company({ name, silent }) {
  return el("span", { class: "chip is-wrap" }, `${name} ${silent ? "旁听" : "已加入"}`);
}

const BARS = /** @type {Record<string, [number, string]>} */ ({ good: [4, "良好"], fair: [2, "较弱"], poor: [1, "很差"] });

/** @param {string} level */
function signal(level) {
  const [bars, word] = BARS[level] ?? [0, "未知"];
  return el(
    "span", { title: `各方中最弱的网络：${word}`, class: "wall__net" },
    el("span", { class: `signal signal--${bars}`, role: "img", "aria-label": `网络${word}` }, el("i"), el("i"), el("i"), el("i")),
    el("span", { class: "quiet" }, bars === 4 ? "" : word),
  );
}

/** What can be done about a call: looking in is one click, the rest behind the dots. @param {any} call */
function acts(call) {
  const why = el("a", { class: "btn btn--sm btn--plain", href: `calls/${call.call_id}/why` }, "为什么是他");
  const row = (actOnSeat && seats.rowOf(call.seat_id)) || { ...call, state: "", after: "" };
  const shown = seatMenu(row, actOnSeat ?? (async () => ""), [why]);
  if (!supervisionUrl) return el("span", { class: "wall__acts" }, ...shown);
  const link = el("a", { class: "btn btn--sm", href: `${supervisionUrl}${call.call_id}/`, "aria-label": `${call.seat}：旁听 / 加入` }, "旁听 / 加入");
  return el("span", { class: "wall__acts" }, link, ...shown);
}

/** @param {any} board */
function showCurve(board) {
  const { points, from_unix_ms: from, step_s: step } = board.curve;
  const most = axisTop(Math.max(board.line_alert ?? 0, ...points));
  const box = { width: 440, height: 220, most };
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 500 260");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `今日排队人数，最高 ${Math.max(0, ...points)} 人，现在 ${board.waiting} 人`);
  const group = part("g", { transform: "translate(44 14)" });
  for (const share of [0, 1 / 3, 2 / 3, 1]) {
    const y = box.height * (1 - share);
    group.append(part("path", { class: "grid", d: `M0 ${y}H${box.width}` }), label(-8, y + 5, String(Math.round(most * share)), "end"));
  }
  const line = path(points, box);
  group.append(
    part("path", { class: "area", d: `${line}L${points.length > 1 ? box.width : 0} ${box.height}L0 ${box.height}Z` }),
    part("path", { class: "line", d: line }),
    ...(board.line_alert === null ? [] : [part("path", { class: "goal", d: `M0 ${box.height * (1 - board.line_alert / most)}H${box.width}` })]),
  );
  const last = points.length - 1;
  for (const share of [0, 0.5, 1]) {
    const moment = new Date(from + share * last * step * 1000);
    group.append(label(share * box.width, box.height + 22, moment.toTimeString().slice(0, 5), share === 0 ? "start" : share === 1 ? "end" : "middle"));
  }
  svg.append(group);
  at("curve").replaceChildren(svg);
  at("curve-note").textContent = board.line_alert === null ? "" : `虚线为告警线 ${board.line_alert}`;
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function part(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/**
 * @param {number} x
 * @param {number} y
 * @param {string} text
 * @param {string} anchor
 */
function label(x, y, text, anchor) {
  const made = part("text", { x: String(x), y: String(y), "text-anchor": anchor });
  made.textContent = text;
  return made;
}

/**
 * A bar of shares and its legend.
 * @param {[string, string][]} kinds
 * @param {Record<string, number>} counts
 * @param {string} about
 * @param {[string, string]} rate
 */
function split(kinds, counts, about, rate) {
  const bar = el("div", { class: "split", role: "img", "aria-label": `${about}：${kinds.map(([key, name]) => `${name} ${counts[key]}`).join("，")}` });
  for (const [key] of kinds) {
    const share = el("i", { class: `k-${key}` });
    share.style.setProperty("flex-grow", String(counts[key] ?? 0));
    bar.append(share);
  }
  const legend = el("ul", { class: "legend" });
  for (const [key, name] of kinds) legend.append(el("li", {}, el("i", { class: `k-${key}` }), name, el("b", {}, String(counts[key] ?? 0))));
  legend.append(el("li", { class: "quiet" }, rate[0], el("b", {}, rate[1])));
  return [bar, legend];
}

async function ask() {
  try {
    const answer = await fetch(document.body.dataset.boardUrl ?? "", { signal: AbortSignal.timeout(5000) });
    if (answer.ok) show(await answer.json());
  } catch {
    // The age of what is shown says it; the next asking tries again.
  } finally {
    setTimeout(() => void ask(), ASK_EVERY_MS);
  }
}

function tick() {
  const age = performance.now() - told;
  const fresh = at("fresh");
  fresh.className = age > OLD_AFTER_MS ? "chip is-down" : "chip is-idle";
  fresh.textContent = age > OLD_AFTER_MS ? `数据已停 ${Math.round(age / 1000)} s` : `数据 ${Math.max(1, Math.round(age / 1000))} s 前`;
  at("clock").textContent = new Date().toTimeString().slice(0, 8);
}

at("big").addEventListener("click", () => {
  document.body.dataset.big = "1";
  document.documentElement.dataset.theme = "dark";
  void document.documentElement.requestFullscreen().catch(() => undefined); // refused: still large
});
document.addEventListener("fullscreenchange", () => {
  if (document.fullscreenElement) return;
  delete document.body.dataset.big;
  delete document.documentElement.dataset.theme;
});
show(JSON.parse(at("board").textContent ?? "{}"));
setInterval(tick, 1000);
tick();
setTimeout(() => void ask(), ASK_EVERY_MS);
