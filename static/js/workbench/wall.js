// @ts-check
import { byId, clock, el, icon } from "./dom.js";

/**
 * @typedef {{ id: string, role: string, name: string, party_roles: string[], state: string, muted: boolean, reconnect_until_unix_ms: number | null }} Person
 */

/**
 * Who stands where: what is shown to everybody first, then who is pinned, customers, the seat.
 * @param {readonly Person[]} people
 * @param {string} pinned
 */
export function inOrder(people, pinned) {
  const rank = (/** @type {Person} */ { id, role }) => (id === pinned ? 0 : role === "content" ? 1 : role === "customer" ? 2 : 3);
  return [...people].sort((a, b) => rank(a) - rank(b));
}

/**
 * The content of a call as tiles: the seat sees its own share as it comes back from the room, which
 * is what customers see.
 * @param {any} call
 * @returns {Person[]}
 */
export function contentOf(call) {
  const made = (/** @type {string} */ id, /** @type {string} */ name) => ({
    id, role: "content", name, party_roles: [], state: "PRESENT", muted: false, reconnect_until_unix_ms: null,
  });
  return [
    ...(call.playout ? [made("media", `播放 · ${call.playout.title}`)] : []),
    ...(call.share ? [made("share", `客户所见 · ${call.share.title}`)] : []),
  ];
}

/** Who looks on, in words for the seat; empty when nobody does. @param {any} call */
export function companyOf(call) {
  const joined = call.participants.filter((/** @type {Person} */ { role }) => role === "supervisor");
  return [
    ...joined.map((/** @type {Person} */ { name }) => `主管 ${name} 已加入`),
    ...call.listeners.map((/** @type {Person} */ { name }) => `主管 ${name} 正在旁听`),
  ].join("；");
}

/**
 * The video wall. Tiles are kept, so that a picture never blinks because something else changed.
 * @param {{ bank: string, isOwn?: (person: Person) => boolean }} config whose page it is; the seat's by default
 */
export function mountWall({ bank, isOwn = ({ role }) => role === "seat" }) {
  /** @type {Map<string, { tile: HTMLElement, video: HTMLVideoElement }>} */
  const tiles = new Map();
  /** @type {any} */
  let call = null;
  let pinned = "";
  let mode = "speaker";

  setInterval(stamp, 1000);

  /** @param {Person} person */
  function tileOf(person) {
    const known = tiles.get(person.id);
    if (known) return known;
    const video = /** @type {HTMLVideoElement} */ (
      el("video", { class: "feed", autoplay: true, playsinline: true, "data-tile": person.id, "data-role": person.role })
    );
    if (isOwn(person) || person.id === "share") video.muted = true;
    const pin = el("button", { class: "tile__tool", type: "button", "aria-pressed": "false", "data-pin": person.id }, icon("pin"));
    pin.addEventListener("click", () => {
      pinned = pinned === person.id ? "" : person.id;
      show();
    });
    const tile = el(
      "figure",
      { class: `tile${person.role === "content" ? " tile--content" : ""}` },
      video,
      ...(person.role === "content" ? [] : [el("div", { class: "tile__stamp" })]),
      el("div", { class: "tile__tools" }, pin),
      el("div", { class: "tile__note", hidden: true }),
      el("figcaption", { class: "tile__bar" }, el("span", { class: "tile__name" }), el("span", { class: "tile__health" })),
    );
    const made = { tile, video };
    tiles.set(person.id, made);
    return made;
  }

  function stamp() {
    if (!call) return;
    const time = new Date().toLocaleTimeString("zh-CN", { hour12: false, timeZone: "Asia/Shanghai" });
    for (const { tile } of tiles.values()) {
      const shown = tile.querySelector(".tile__stamp");
      if (shown) shown.textContent = `${time} · ${bank} · ${call.product_name}`;
      const until = Number(tile.dataset.until ?? 0);
      const note = tile.querySelector("[data-countdown]");
      if (until && note) note.textContent = clock((until - Date.now()) / 1000);
    }
  }

  function show() {
    if (!call) return;
    const there = call.participants.filter((/** @type {Person} */ { state }) => state !== "KNOCKING");
    const people = inOrder([...there, ...contentOf(call)], pinned);
    for (const person of people) {
      const { tile } = tileOf(person);
      const name = tile.querySelector(".tile__name");
      const role = isOwn(person)
        ? `我 · ${person.name}`
        : [STAFF[person.role], person.name, person.party_roles.join("、")].filter(Boolean).join(" · ");
      if (name) name.textContent = `${person.muted ? "（已静音）" : ""}${role}`;
      const note = /** @type {HTMLElement} */ (tile.querySelector(".tile__note"));
      const pin = tile.querySelector("[data-pin]");
      pin?.setAttribute("aria-pressed", String(pinned === person.id));
      pin?.setAttribute("aria-label", `${pinned === person.id ? "取消固定" : "固定"}${person.name}`);
      tile.classList.toggle("tile--lost", person.state !== "PRESENT");
      tile.dataset.until = String(person.reconnect_until_unix_ms ?? 0);
      const text = noteFor(person);
      note.hidden = text.length === 0;
      note.replaceChildren(...text);
    }
    for (const id of [...tiles.keys()]) if (!people.some((person) => person.id === id)) tiles.delete(id);
    const wanted = people.map((person) => tileOf(person).tile);
    const wall = byId("wall");
    wall.dataset.count = String(wanted.length);
    wall.dataset.mode = mode;
    wall.toggleAttribute("data-led", Boolean(pinned) || people[0]?.role === "content");
    if (wanted.some((tile, index) => wall.children[index] !== tile) || wall.children.length !== wanted.length) {
      wall.replaceChildren(...wanted);
    }
    stamp();
  }

  return {
    /** @param {any} fresh */
    show(fresh) {
      call = fresh;
      show();
    },
    /** One large and the others beside it, or all alike. */
    switchMode() {
      mode = mode === "speaker" ? "grid" : "speaker";
      show();
      return mode;
    },
    /** Whose picture the seat means: the pinned customer, or the first who is there. */
    target() {
      const there = (call?.participants ?? []).filter((/** @type {Person} */ p) => p.role === "customer" && p.state === "PRESENT");
      return there.find((/** @type {Person} */ { id }) => id === pinned) ?? there[0] ?? null;
    },
    /** @param {Map<string, MediaStream>} streams @param {string | undefined} selfId @param {MediaStream | null} local */
    attach(streams, selfId, local) {
      for (const [id, { video }] of tiles) {
        const stream = id === selfId ? local : (streams.get(id) ?? null);
        if (video.srcObject !== stream) video.srcObject = stream;
      }
    },
    /** @param {string} id @param {any} quality */
    quality(id, quality) {
      const known = tiles.get(id);
      const health = known?.tile.querySelector(".tile__health");
      if (!known || !(health instanceof HTMLElement)) return;
      const person = call?.participants.find((/** @type {Person} */ each) => each.id === id);
      const told = networkOf(quality, id === "share" || (person && isOwn(person)) ? "本机" : (STAFF[person?.role] ?? "客户"));
      health.dataset.level = told.level;
      health.title = told.detail;
      health.replaceChildren(
        el("span", { class: "bars", role: "img", "aria-label": told.word }, el("i"), el("i"), el("i")),
        told.level === "good" ? told.figures : told.word,
      );
    },
    clear() {
      for (const { video } of tiles.values()) video.srcObject = null;
      tiles.clear();
      call = null;
      pinned = "";
      byId("wall").replaceChildren();
    },
  };
}

const STAFF = /** @type {Record<string, string>} */ ({ seat: "坐席", supervisor: "主管" });
const WORDS = /** @type {Record<string, string>} */ ({ fair: "网络一般", poor: "网络差" });

/**
 * One party's network in words: how it is, whose it is, and the figures behind it.
 * @param {any} quality
 * @param {string} whose
 */
export function networkOf(quality, whose) {
  const level = quality.level ?? "good";
  const way = quality.fault === "up" ? "上行" : quality.fault === "down" ? "下行" : "";
  const rtt = quality.rtt_ms === null || quality.rtt_ms === undefined ? "—" : `${Math.round(quality.rtt_ms)} ms`;
  return {
    level,
    word: level === "good" ? "网络良好" : `${whose}${way}${WORDS[level]}`,
    figures: `${Math.min(quality.width, quality.height) || "—"}p · ${Math.round(quality.fps)} 帧`,
    detail: [
      `${quality.width || "—"}×${quality.height || "—"}，${Math.round(quality.fps)} 帧/秒`,
      `上行 ${Math.round(quality.kbps_up)} kbit/s，丢包 ${quality.loss_up}%`,
      `下行 ${Math.round(quality.kbps_down)} kbit/s，丢包 ${quality.loss_down}%`,
      `往返 ${rtt}`,
    ].join("\n"),
  };
}

/** @param {Person} person @returns {(Node | string)[]} */
function noteFor(person) {
  if (person.state === "LOST") return [el("b", {}, "断线，等待重连"), el("span", { "data-countdown": true, role: "timer" })];
  if (person.state === "LEFT") return [el("b", {}, "已离开")];
  if (person.state === "INVITED") return [el("b", {}, "接入中…")];
  return [];
}
