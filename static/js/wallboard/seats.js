// @ts-check
/** 坐席 of the board: how many in each state, who, since when, and what a supervisor can do about one. */
import { el } from "../ui/dom.js";
import { span } from "./figures.js";

/** @typedef {{ seat_id: number, seat: string, staff_no: string, state: string, reason: string, since_unix_ms: number, after: string }} Row */

const STATES = /** @type {[string, string, string][]} */ ([
  ["IN_CALL", "通话", "is-talk"], ["READY", "示闲", "is-idle"], ["OFFERED", "振铃", "is-talk"],
  ["WRAP_UP", "话后", "is-wrap"], ["PAUSED", "示忙", "is-busy"], ["OFFLINE", "断线", "is-down"], ["SIGNED_OUT", "签出", "is-off"],
]);
const AFTER = /** @type {Record<string, string>} */ ({ PAUSED: "结束后示忙", SIGNED_OUT: "结束后签出" });

/**
 * All in the order of their numbers, or those of one state, longest in it first.
 * @param {readonly Row[]} rows @param {string} state
 */
export function shownOf(rows, state) {
  const own = rows.filter((row) => !state || row.state === state);
  return state ? own.sort((a, b) => a.since_unix_ms - b.since_unix_ms) : own;
}

/**
 * What can be done: the act and what it is called. A case in hand is never taken away.
 * @param {{ state: string, after: string }} row
 * @returns {[string, string][]}
 */
export function actsOf({ state, after }) {
  switch (state) {
    case "READY": return [["pause", "示忙"], ["sign-out", "签出"]];
    case "PAUSED": return [["ready", "结束示忙"], ["sign-out", "签出"]];
    case "OFFERED":
    case "IN_CALL":
    case "WRAP_UP": return /** @type {[string, string][]} */ ([
      ...(after ? [] : [["pause", AFTER.PAUSED]]),
      ...(after === "SIGNED_OUT" ? [] : [["sign-out", state === "WRAP_UP" ? "签出" : AFTER.SIGNED_OUT]]),
    ]);
    default: return [];
  }
}

/**
 * The dots of a row and the menu behind them; no menu where nothing can be done.
 * @param {Row} row
 * @param {(act: string, row: Row, reason: string) => Promise<string>} act answers what went wrong
 * @param {HTMLElement[]} [links]
 */
export function seatMenu(row, act, links = []) {
  const acts = actsOf(row);
  if (!acts.length && !links.length) return [];
  const menu = el("div", { class: "wall__menu", popover: "auto", id: `menu-${row.seat_id}-${links.length}` }, ...links);
  const more = el("button", { class: "btn btn--sm btn--plain", type: "button", popovertarget: menu.id, "aria-label": `${row.seat}：更多操作` }, "⋯");
  const reason = /** @type {HTMLInputElement} */ (el("input", { class: "input", maxlength: "40", placeholder: "原因", "aria-label": `${row.seat}：示忙或签出的原因` }));
  const said = el("p", { class: "quiet", role: "status" });
  if (acts.length) menu.append(reason);
  for (const [name, label] of acts) {
    const button = el("button", { class: "btn btn--sm btn--plain", type: "button", "aria-label": `${row.seat}：${label}` }, label);
    button.addEventListener("click", async () => {
      reason.required = name === "pause";
      if (!reason.reportValidity()) return;
      button.setAttribute("disabled", "");
      said.textContent = await act(name, row, reason.value.trim());
      button.removeAttribute("disabled");
      if (!said.textContent) menu.hidePopover();
    });
    menu.append(button);
  }
  menu.append(said);
  menu.addEventListener("toggle", () => {
    const { bottom, right } = more.getBoundingClientRect();
    menu.style.setProperty("top", `${bottom}px`);
    menu.style.setProperty("left", `${right - 160}px`);
  });
  return [more, menu];
}

/**
 * @param {Document} page
 * @param {((act: string, row: Row, reason: string) => Promise<string>) | null} act for who may
 */
export function mountSeats(page, act) {
  const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (page.getElementById(id));
  const body = at("seats");
  const filter = /** @type {HTMLSelectElement} */ (at("seat-state"));
  /** @type {{ at_unix_ms: number, seats: Record<string, number>, seat_rows: Row[] }} */
  let told = { at_unix_ms: 0, seats: {}, seat_rows: [] };
  /** A row is made anew only when something in it has changed: @type {Map<string, HTMLElement>} */
  let made = new Map();

  const bars = STATES.map(([state, name, look]) => {
    const go = el("button", { class: "states__name", type: "button" }, el("span", { class: `dot ${look}` }), name);
    go.addEventListener("click", () => {
      filter.value = state;
      show("seats");
    });
    const fill = el("i");
    const count = el("b");
    const row = el("li", { class: "states__row" }, state === "SIGNED_OUT" ? el("span", { class: "states__name" }, ...go.childNodes) : go, el("span", { class: `states__bar ${look}` }, fill), count);
    return { state, row, fill, count };
  });
  at("states").replaceChildren(...bars.map(({ row }) => row));
  filter.append(...STATES.filter(([state]) => state !== "SIGNED_OUT").map(([state, name]) => el("option", { value: state }, name)));
  filter.addEventListener("change", showRows);
  const choices = /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll("[data-show]"));
  for (const choice of choices) choice.addEventListener("click", () => show(choice.dataset.show ?? ""));

  /** The running calls or the seats. @param {string} which */
  function show(which) {
    for (const choice of choices) {
      choice.setAttribute("aria-pressed", String(choice.dataset.show === which));
      at(`show-${choice.dataset.show}`).hidden = choice.dataset.show !== which;
    }
    filter.hidden = which !== "seats";
    showRows();
  }

  function showBars() {
    const enabled = Object.values(told.seats).reduce((sum, count) => sum + count, 0);
    at("enabled").textContent = `${enabled} 位启用`;
    for (const { state, fill, count } of bars) {
      fill.style.setProperty("width", `${enabled ? (100 * (told.seats[state] ?? 0)) / enabled : 0}%`);
      count.textContent = String(told.seats[state] ?? 0);
    }
  }

  function showRows() {
    at("seat-count").textContent = String(told.seat_rows.length);
    const rows = shownOf(told.seat_rows, filter.value);
    at("no-seats").hidden = rows.length > 0;
    if (body.querySelector("[popover]:popover-open")) return; // whoever is choosing is not disturbed
    const kept = made;
    made = new Map(rows.map((row) => [JSON.stringify(row), kept.get(JSON.stringify(row)) ?? rowOf(row)]));
    const wanted = [...made.values()];
    if (wanted.length !== body.children.length || wanted.some((row, index) => body.children[index] !== row)) body.replaceChildren(...wanted);
    for (const [index, row] of rows.entries()) {
      const lasted = wanted[index]?.querySelector("[data-lasted]");
      if (lasted) lasted.textContent = span((told.at_unix_ms - row.since_unix_ms) / 1000);
    }
  }

  /** @param {Row} row */
  function rowOf(row) {
    const [, name = "", look = ""] = STATES.find(([state]) => state === row.state) ?? [];
    return el(
      "tr", { "data-seat": String(row.seat_id) },
      el("td", {}, el("b", {}, row.seat), " ", el("span", { class: "quiet" }, row.staff_no)),
      el("td", {}, el("span", { class: `chip ${look}` }, name), ` ${row.reason} `, ...(row.after ? [el("span", { class: "chip is-busy" }, AFTER[row.after] ?? "")] : [])),
      el("td", {}, new Date(row.since_unix_ms).toTimeString().slice(0, 5)),
      el("td", { "data-lasted": true }),
      el("td", {}, el("span", { class: "wall__acts" }, ...(act ? seatMenu(row, act) : []))),
    );
  }

  return {
    /** @param {typeof told} board */
    show(board) {
      told = board;
      showBars();
      showRows();
    },
    /** @param {number} seatId */
    rowOf: (seatId) => told.seat_rows.find((row) => row.seat_id === seatId),
  };
}
