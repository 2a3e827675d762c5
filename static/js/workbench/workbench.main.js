// @ts-check
import { CallMedia } from "./call-media.js";
import { mountCase } from "./case.js";
import { mountDeviceCheck } from "./device-check.js";
import { byId, clock, toast } from "./dom.js";
import { mountIdle } from "./idle.js";
import { actOf } from "./keys.js";
import { mountProof } from "./proof.js";
import { mountReview } from "./review.js";
import { mountRibbon } from "./ribbon.js";
import { mountScript } from "./script.js";
import { SeatSocket } from "./seat-socket.js";
import { mountWall } from "./wall.js";

const LOOKS = /** @type {Record<string, string>} */ ({
  READY: "is-idle", PAUSED: "is-busy", OFFERED: "is-talk", IN_CALL: "is-talk", WRAP_UP: "is-wrap", OFFLINE: "is-off", SIGNED_OUT: "is-off",
});
const RUNNING = new Set(["CONNECTING", "PREROLL", "LIVE"]);
const HOLD_MS = 1000;

const config = JSON.parse(byId("workbench-config").textContent ?? "{}");
const socket = new SeatSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/workbench/`);
const media = new CallMedia(socket, config);
const idle = mountIdle(socket, config);
const devices = mountDeviceCheck(socket);
const wall = mountWall(config);
const ribbon = mountRibbon();
const sheet = mountCase();
const proof = mountProof();
const review = mountReview(socket);
const script = mountScript(({ order, title, text }, done) => ask("script.step", { order, title, text, done }));
/** @type {any} */
let state = null;
let scriptFor = "";

/**
 * Ask, and tell the person when it is refused.
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

/** @param {any} fresh */
function show(fresh) {
  state = fresh;
  const { presence, call } = fresh;
  const screen = !call ? "idle" : RUNNING.has(call.state) ? "call" : "review";
  document.body.dataset.screen = screen;
  document.body.dataset.presence = presence.state;
  showPill(presence);
  byId("sign-in").hidden = presence.signed_in;
  byId("sign-out").hidden = !["READY", "PAUSED"].includes(presence.state);
  byId("pause").hidden = presence.state !== "READY";
  byId("ready").hidden = presence.state !== "PAUSED";
  /** @type {HTMLButtonElement} */ (byId("sign-in")).disabled = !fresh.devices_ok;
  byId("log-out").setAttribute("aria-disabled", String(presence.signed_in));
  byId("log-out").title = presence.signed_in ? "签入状态不可注销" : "退出登录";
  idle.show(fresh);
  devices.show(fresh);
  document.title = fresh.offer ? `（来电）${fresh.offer.party_name} · 视频面谈` : `${presence.label} · 视频面谈`;
  if (call) showCall(call, screen);
  if (screen !== "call") {
    media.stop();
    wall.clear();
    proof.clear();
  }
  if (screen !== "review") review.reset();
}

/** @param {any} call @param {string} screen */
function showCall(call, screen) {
  sheet.show(call);
  if (screen === "review") {
    review.show(call);
    void sheet.load(call.id);
    return;
  }
  devices.release();
  wall.show(call);
  ribbon.show(call);
  const own = call.participants.find((/** @type {any} */ p) => p.role === "seat");
  byId("btn-mute").setAttribute("aria-pressed", String(own?.muted ?? false));
  byId("btn-mute").classList.toggle("ctl__btn--on", own?.muted ?? false);
  attach();
  void sheet.load(call.id).then((view) => {
    if (!view || scriptFor === call.id) return;
    scriptFor = call.id;
    script.load(view.script.steps, call.events);
    void media.start(view.remote_slots).then(attach);
  });
}

function attach() {
  const own = state?.call?.participants.find((/** @type {any} */ p) => p.role === "seat");
  wall.attach(media.tiles(), own?.id, media.local);
}

/** @param {any} presence */
function showPill(presence) {
  const look = LOOKS[presence.state] ?? "is-off";
  byId("pill").className = `pill ${look}`;
  const dot = byId("pill").querySelector("[data-pill-dot]");
  if (dot) dot.className = `dot ${look}`;
  const label = byId("pill").querySelector("[data-pill-label]");
  if (label) label.textContent = presence.reason && presence.state === "PAUSED" ? `${presence.label} · ${presence.reason}` : presence.label;
}

setInterval(() => {
  const time = byId("pill").querySelector("[data-pill-time]");
  if (time && state) time.textContent = clock((Date.now() - state.presence.since_unix_ms) / 1000);
}, 1000);

socket.addEventListener("frame", (event) => {
  const frame = /** @type {CustomEvent} */ (event).detail;
  if (frame.type === "snapshot") show(frame.state);
  else if (frame.type === "proof" && RUNNING.has(state?.call?.state)) proof.show(frame.payload, state.call);
  else if (frame.type === "slots") media.assign(frame.leg_id, frame.payload.slots);
  else if (frame.type === "quality") wall.quality(frame.participant_id, frame.payload);
  else if (frame.type === "media.reconnect") void media.move(frame.payload.media_epoch);
});
socket.addEventListener("down", () => {
  const label = byId("pill").querySelector("[data-pill-label]");
  if (label) label.textContent = "断线，正在重连";
});
socket.addEventListener("over", (event) => {
  const code = /** @type {CustomEvent} */ (event).detail;
  media.stop();
  toast(code === 4409 ? "工作台已在另一窗口打开，本窗口已停止。刷新可接管。" : "登录已失效，请重新登录。", { bad: true });
});
media.addEventListener("tiles", attach);
media.addEventListener("connection", (event) => {
  if (/** @type {CustomEvent} */ (event).detail === "lost") toast("本机与媒体服务的连接中断，正在恢复…", { bad: true });
});

byId("sign-in").addEventListener("click", () => void ask("presence.sign_in"));
byId("sign-out").addEventListener("click", () => void ask("presence.sign_out"));
byId("pause").addEventListener("change", (event) => {
  const choice = /** @type {HTMLSelectElement} */ (event.target);
  const reason = choice.value;
  choice.value = ""; // the choice is an act, not a setting: the pill shows what came of it
  if (reason) void ask("presence.pause", { reason });
});
byId("ready").addEventListener("click", () => void ask("presence.ready"));
byId("btn-mute").addEventListener("click", mute);
byId("btn-snapshot").addEventListener("click", () => void snapshot());
byId("btn-tag").addEventListener("click", () => void tag("risk"));
byId("help-open").addEventListener("click", help);
byId("chat-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const say = /** @type {HTMLInputElement} */ (byId("say"));
  if (!say.value.trim()) return;
  void ask("chat.send", { text: say.value.trim() });
  say.value = "";
});

function help() {
  /** @type {HTMLDialogElement} */ (byId("help")).showModal();
}

function mute() {
  const own = state?.call?.participants.find((/** @type {any} */ p) => p.role === "seat");
  if (own) void ask("call.mute", { muted: !own.muted });
}

async function snapshot() {
  const there = (state?.call?.participants ?? []).filter((/** @type {any} */ p) => p.role === "customer" && p.state === "PRESENT");
  if (there.length === 0) {
    toast("客户画面尚未接通。", { bad: true });
    return;
  }
  const taken = await ask("call.snapshot", { participant_id: there[0].id, kind: "id_card" });
  if (taken) toast(`已抓拍 ${taken.width}×${taken.height}`);
}

/** @param {string} kind */
async function tag(kind) {
  const set = await ask("call.tag", { kind, note: "" });
  if (set) toast(`已打标签：${clock(set.at_ms / 1000)}`);
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let holding = undefined;
const end = byId("btn-end");
function hold() {
  end.classList.add("is-holding");
  holding = setTimeout(() => {
    release();
    void ask("call.end");
  }, HOLD_MS);
}
function release() {
  clearTimeout(holding);
  end.classList.remove("is-holding");
}
end.addEventListener("pointerdown", hold);
for (const done of ["pointerup", "pointerleave", "pointercancel", "blur"]) end.addEventListener(done, release);
end.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.repeat) hold();
});
end.addEventListener("keyup", release);

const TAG_KEYS = /** @type {Record<string, string>} */ ({ 1: "risk", 2: "key_point", 3: "other" });
/** @type {ReturnType<typeof setTimeout> | undefined} */
let tagging = undefined;
document.addEventListener("keydown", (event) => {
  if (tagging && TAG_KEYS[event.key]) {
    event.preventDefault();
    clearTimeout(tagging);
    tagging = undefined;
    void tag(TAG_KEYS[event.key] ?? "risk");
    return;
  }
  const inField = event.target instanceof HTMLElement && Boolean(event.target.closest("input, textarea, select"));
  const act = actOf({ key: event.key, ctrlKey: event.ctrlKey, isComposing: event.isComposing, inField });
  if (!act) return;
  event.preventDefault();
  if (act === "accept") void idle.accept();
  if (act === "help") help();
  if (document.body.dataset.screen !== "call") return;
  if (act === "mute") mute();
  if (act === "snapshot") void snapshot();
  if (act === "step") void script.done();
  if (act === "tag") {
    toast("按 1 风险点 · 2 重点 · 3 其他");
    tagging = setTimeout(() => {
      tagging = undefined;
      void tag("risk");
    }, 2500);
  }
});

const beats = new Worker(new URL("./heartbeat.worker.js", import.meta.url));
beats.addEventListener("message", () => socket.ask("heartbeat").catch(() => undefined));
socket.open();
