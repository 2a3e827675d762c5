// @ts-check
/** A supervisor's page into one call: first which call it is, then listening or joining. */
import { CallMedia } from "./call-media.js";
import { mountDeviceBar } from "./device-bar.js";
import { byId, clock, el, toast } from "./dom.js";
import { mountNet } from "./net.js";
import { mountOwnMute } from "./own-mute.js";
import { pageName } from "./page-name.js";
import { mountProof } from "./proof.js";
import { mountRibbon } from "./ribbon.js";
import { SeatSocket } from "./seat-socket.js";
import { mountWall } from "./wall.js";

const WORDS = /** @type {Record<string, string>} */ ({ PRESENT: "在场", LOST: "断线，等待重连", LEFT: "已离开", INVITED: "接入中", KNOCKING: "请求进入" });
const LOOKS = /** @type {Record<string, string>} */ ({ CONNECTING: "is-busy", PREROLL: "is-busy", LIVE: "is-talk" });
const BEAT_MS = 10_000;

const config = JSON.parse(byId("supervision-config").textContent ?? "{}");
const scheme = location.protocol === "https:" ? "wss" : "ws";
const socket = new SeatSocket(`${scheme}://${location.host}/ws/supervision/${document.body.dataset.call}/`, pageName());
const media = new CallMedia(socket, config);
const ownMute = mountOwnMute(socket, media);
mountDeviceBar(media);
/** @type {any} */
let state = null;
/** What the person is here for; null in the lobby. The stay ends with the socket and is taken up again. @type {{ silent: boolean } | null} */
let wanted = null;
let isStarting = false;
const wall = mountWall({ bank: config.bank, isOwn: ({ id }) => id === state?.own?.id });
const ribbon = mountRibbon();
const proof = mountProof();
const net = mountNet();

/**
 * @param {string} type
 * @param {Record<string, unknown>} [body]
 */
async function ask(type, body = {}) {
  try {
    return await socket.ask(type, body);
  } catch (error) {
    toast(String(/** @type {Error} */ (error).message), { bad: true });
    return null;
  }
}

/** @param {boolean} silent */
async function start(silent) {
  if (isStarting) return;
  isStarting = true;
  const begun = await ask("supervision.start", { silent });
  isStarting = false;
  if (!begun) {
    wanted = null;
    return;
  }
  wanted = { silent };
  media.stop();
  await media.start(begun.remote_slots, { silent, video: begun.video });
  attach();
}

/** Back to the lobby. @param {string} [why] */
function leave(why = "") {
  wanted = null;
  media.stop();
  ownMute.reset();
  wall.clear();
  net.clear();
  proof.clear();
  if (why) toast(why, { bad: true });
}

function attach() {
  wall.attach(media.tiles(), state?.own?.id, media.local);
}

/** @param {any} fresh */
function show(fresh) {
  const had = state?.own;
  state = fresh;
  if (!fresh.is_running) {
    over("通话已结束", wanted ? "您的旁听或加入已随通话结束。" : "");
    return;
  }
  if (wanted && had && !fresh.own && !isStarting) leave("您已被请出本次通话。");
  const isIn = wanted !== null && fresh.call !== null;
  document.body.dataset.screen = isIn ? "in" : "lobby";
  byId("pill").className = `pill ${LOOKS[fresh.state] ?? "is-off"}`;
  byId("pill-label").textContent = isIn ? (fresh.own.silent ? "旁听中" : "已加入") : fresh.state_label;
  byId("lobby-state").textContent = fresh.state_label;
  byId("listen-told").textContent = fresh.tells_of_listening ? "客户会看到提示" : "客户不会看到提示";
  for (const id of ["listen", "join"]) /** @type {HTMLButtonElement} */ (byId(id)).disabled = false;
  if (isIn) showCall(fresh);
}

/** @param {any} fresh */
function showCall({ call, own, steps }) {
  wall.show(call);
  net.show(call);
  ribbon.show(call);
  byId("btn-mute").hidden = own.silent;
  byId("switch-word").textContent = own.silent ? "加入通话" : "改为旁听";
  if (!own.silent) ownMute.tell(own.muted);
  const done = call.events.filter((/** @type {any} */ { kind, payload }) => kind === "script_step" && payload.done);
  const last = call.events.findLast((/** @type {any} */ { kind }) => kind === "script_step");
  byId("step").textContent = last ? `${last.payload.done ? "已完成" : "正在"}：${last.payload.title}` : "尚未开始";
  byId("step-count").textContent = `${new Set(done.map((/** @type {any} */ { payload }) => payload.order)).size} / ${steps}`;
  byId("people").replaceChildren(...[...call.participants, ...call.listeners].map((person) => row(person, call, own)));
  const names = new Map(call.participants.map((/** @type {any} */ { id, name }) => [id, name]));
  byId("chat-log").replaceChildren(
    ...call.events
      .filter((/** @type {any} */ { kind }) => kind === "chat")
      .map((/** @type {any} */ { participant_id: id, payload }) =>
        el("p", { class: "chat__msg" }, el("span", { class: "chat__who" }, String(names.get(id) ?? "")), el("span", { class: "chat__text" }, payload.text))),
  );
  attach();
}

/** @param {any} person @param {any} call @param {any} own */
function row(person, call, own) {
  const isListener = call.listeners.includes(person);
  const role = person.role === "seat" ? "坐席" : person.role === "supervisor" ? (isListener ? "主管 · 旁听" : "主管") : person.party_roles.join(" · ");
  const made = el(
    "li",
    { class: "roster__row", "data-person": person.id },
    el("span", { class: "avatar" }, person.name.slice(0, 1)),
    el("span", { class: "roster__name" }, person.name, el("span", { class: "chip" }, role)),
    el("span", { class: "quiet nowrap" }, ""),
    el("span", { class: "roster__sub" }, person.id === own.id ? "您本人" : (WORDS[person.state] ?? "")),
  );
  if (person.role === "supervisor" && person.id !== own.id) {
    const button = el("button", { class: "btn btn--sm", type: "button" }, "请出");
    button.addEventListener("click", () => void ask("supervision.end", { participant_id: person.id }));
    made.append(el("span", { class: "roster__act" }, button));
  }
  return made;
}

/** @param {string} title @param {string} text */
function over(title, text) {
  leave();
  document.body.dataset.screen = "over";
  byId("over-title").textContent = title;
  byId("over-text").textContent = text;
}

socket.addEventListener("frame", (event) => {
  const frame = /** @type {CustomEvent} */ (event).detail;
  if (frame.type === "snapshot") show(frame.state);
  else if (frame.type === "slots") media.assign(frame.leg_id, frame.payload.slots);
  else if (!wanted || !state?.call) return;
  else if (frame.type === "proof") proof.show(frame.payload, state.call);
  else if (frame.type === "quality") {
    wall.quality(frame.participant_id, frame.payload);
    net.quality(frame.participant_id, frame.payload);
  } else if (frame.type === "media.reconnect") void media.move(frame.payload.media_epoch);
});
socket.addEventListener("up", () => {
  if (wanted) void start(wanted.silent); // the stay ended with the old socket
});
socket.addEventListener("down", () => {
  byId("pill-label").textContent = "断线，正在重连";
});
socket.addEventListener("over", (event) => {
  const code = /** @type {CustomEvent} */ (event).detail;
  if (code === 4409) over("已在另一窗口打开", "本窗口不再连接这次通话。");
  else over("无法继续", code === 4401 ? "登录已失效，请重新登录。" : "您没有旁听或加入这次通话的权限。");
});
media.addEventListener("tiles", attach);
byId("listen").addEventListener("click", () => void start(true));
byId("join").addEventListener("click", () => void start(false));
byId("btn-switch").addEventListener("click", () => state?.own && void start(!state.own.silent));
byId("btn-mute").addEventListener("click", () => state?.own && void ownMute.toggle());
byId("btn-leave").addEventListener("click", () => {
  const own = state?.own;
  leave();
  document.body.dataset.screen = "lobby";
  if (own) void ask("supervision.end", { participant_id: own.id });
});
byId("wall-mode").addEventListener("click", () => {
  byId("wall-mode").setAttribute("aria-pressed", String(wall.switchMode() === "grid"));
});
setInterval(() => {
  if (state?.is_running) byId("pill-time").textContent = clock((Date.now() - state.since_unix_ms) / 1000);
}, 1000);
setInterval(() => void socket.beat(), BEAT_MS);
socket.open();
