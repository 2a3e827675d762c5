// @ts-check
import { byId, clock, el } from "./dom.js";

/**
 * The video wall: one tile a participant, customers first, the seat last. Tiles are kept, so that
 * a picture never blinks because something else changed.
 * @param {{ bank: string }} config
 */
export function mountWall(config) {
  /** @type {Map<string, { tile: HTMLElement, video: HTMLVideoElement }>} */
  const tiles = new Map();
  /** @type {any} */
  let call = null;

  setInterval(stamp, 1000);

  /** @param {any} person */
  function tileOf(person) {
    const known = tiles.get(person.id);
    if (known) return known;
    const video = /** @type {HTMLVideoElement} */ (
      el("video", { class: "feed", autoplay: true, playsinline: true, "data-tile": person.id, "data-role": person.role })
    );
    if (person.role === "seat") video.muted = true;
    const tile = el(
      "figure",
      { class: "tile" },
      video,
      el("div", { class: "tile__stamp" }),
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
      if (shown) shown.textContent = `${time} · ${config.bank} · ${call.product_name}`;
      const until = Number(tile.dataset.until ?? 0);
      const note = tile.querySelector("[data-countdown]");
      if (until && note) note.textContent = clock((until - Date.now()) / 1000);
    }
  }

  return {
    /** @param {any} shown */
    show(shown) {
      call = shown;
      const people = [...shown.participants].sort((a, b) => Number(a.role === "seat") - Number(b.role === "seat"));
      for (const person of people) {
        const { tile } = tileOf(person);
        const name = tile.querySelector(".tile__name");
        const role = person.role === "seat" ? `我 · ${person.name}` : `${person.name} · ${person.party_roles.join("、")}`;
        if (name) name.textContent = `${person.muted ? "（已静音）" : ""}${role}`;
        const note = /** @type {HTMLElement} */ (tile.querySelector(".tile__note"));
        tile.classList.toggle("tile--lost", person.state !== "PRESENT");
        tile.dataset.until = String(person.reconnect_until_unix_ms ?? 0);
        note.hidden = person.state === "PRESENT";
        note.replaceChildren(...noteFor(person));
      }
      const wanted = people.map((person) => tileOf(person).tile);
      const wall = byId("wall");
      wall.dataset.count = String(wanted.length);
      if (wanted.some((tile, index) => wall.children[index] !== tile) || wall.children.length !== wanted.length) {
        wall.replaceChildren(...wanted);
      }
      stamp();
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
      const health = tiles.get(id)?.tile.querySelector(".tile__health");
      if (health) health.textContent = `${quality.height || "—"}p · ${Math.round(quality.fps)} 帧`;
    },
    clear() {
      for (const { video } of tiles.values()) video.srcObject = null;
      tiles.clear();
      call = null;
      byId("wall").replaceChildren();
    },
  };
}

/** @param {any} person @returns {(Node | string)[]} */
function noteFor(person) {
  if (person.state === "LOST") return [el("b", {}, "断线，等待重连"), el("span", { "data-countdown": true })];
  if (person.state === "LEFT") return [el("b", {}, "已离开")];
  if (person.state === "INVITED") return [el("b", {}, "接入中…")];
  return [];
}
