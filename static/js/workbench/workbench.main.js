// @ts-check
import { mountAskCustomer } from "./ask-customer.js";
import { CallMedia } from "./call-media.js";
import { mountAhead } from "./ahead.js";
import { mountCase } from "./case.js";
import { mountDeserted } from "./deserted.js";
import { mountDeviceBar } from "./device-bar.js";
import { mountDeviceCheck } from "./device-check.js";
import { mountDeviceLoop } from "./device-loop.js";
import { byId, clock, toast } from "./dom.js";
import { mountIdle } from "./idle.js";
import { lamp } from "./lamp.js";
import { mountMediaList } from "./media-list.js";
import { mountNet } from "./net.js";
import { mountPalette } from "./palette.js";
import { actOf } from "./keys.js";
import { mountOwnMute } from "./own-mute.js";
import { pageName } from "./page-name.js";
import { mountProof } from "./proof.js";
import { mountReview } from "./review.js";
import { mountRibbon } from "./ribbon.js";
import { mountRing } from "./ring.js";
import { mountScript } from "./script.js";
import { SeatSocket } from "./seat-socket.js";
import { mountShare } from "./share.js";
import { guideOf, GUIDES, SHOTS, TAGS } from "./tags.js";
import { companyOf, mountWall } from "./wall.js";

const LOOKS = /** @type {Record<string, string>} */ ({
  READY: "is-idle", PAUSED: "is-busy", OFFERED: "is-talk", IN_CALL: "is-talk", WRAP_UP: "is-wrap", OFFLINE: "is-off", SIGNED_OUT: "is-off",
});
const RUNNING = new Set(["CONNECTING", "PREROLL", "LIVE"]);
const HOLD_MS = 1000;

const config = JSON.parse(byId("workbench-config").textContent ?? "{}");
const socket = new SeatSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/workbench/`, pageName());
const media = new CallMedia(socket, config);
const ownMute = mountOwnMute(socket, media);
mountDeviceBar(media);
const idle = mountIdle(socket, config);
const ahead = mountAhead();
const devices = mountDeviceCheck(socket, mountDeviceLoop(socket, config));
const wall = mountWall(config);
const ribbon = mountRibbon();
const sheet = mountCase(ask, (view) => script.refresh(view.script.steps, view.script.values));
const list = mountMediaList(ask, (id) => socket.ask("media.play", { item_id: id }));
const share = mountShare(socket, config);
const palette = mountPalette(commands);
const customers = mountAskCustomer(ask, toast);
const deserted = mountDeserted(ask);
const proof = mountProof({ seen: (causes) => ask("recording.alarm_seen", { causes }) });
const net = mountNet();
const review = mountReview(socket, {
  addTag: (atMs) => chooseTag(atMs),
  onStage: (stage) => state?.call?.ended_unix_ms && proof.ended(state.call, stage),
  viewer: () => (state ? `${state.seat.name} ${state.seat.staff_no}` : ""),
});
const ring = mountRing({ title: () => "视频面谈：客户来电" });
const script = mountScript(({ order, title, text }, told) => ask("script.step", { order, title, text, ...told }), {
  pushCard: () => void pushCard(),
  setGuide: (frame) => {
    if (state?.call && guideOf(state.call) !== frame) setGuide(frame);
  },
});
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
  showPlan(presence);
  byId("sign-in").hidden = presence.signed_in;
  byId("sign-out").hidden = !["READY", "PAUSED"].includes(presence.state);
  byId("pause").hidden = presence.state !== "READY";
  byId("ready").hidden = presence.state !== "PAUSED";
  showNext(presence);
  ring.show(fresh.offer);
  ahead.show(fresh);
  /** @type {HTMLButtonElement} */ (byId("sign-in")).disabled = !fresh.devices_ok;
  byId("log-out").setAttribute("aria-disabled", String(presence.signed_in));
  byId("log-out").title = presence.signed_in ? "签入状态不可注销" : "退出登录";
  idle.show(fresh);
  devices.show(fresh);
  document.title = fresh.offer ? `（来电）${fresh.offer.party_name} · 视频面谈` : `${presence.label} · 视频面谈`;
  if (call) showCall(call, screen);
  if (screen !== "call") {
    media.stop();
    ownMute.reset();
    share.leave();
    wall.clear();
    net.clear();
    proof.clear();
    list.clear();
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
  const company = companyOf(call);
  byId("supervision").hidden = !company;
  if (byId("supervision").textContent !== company) byId("supervision").textContent = company;
  wall.show(call);
  net.show(call);
  ribbon.show(call);
  const own = call.participants.find((/** @type {any} */ p) => p.role === "seat");
  ownMute.tell(own?.muted ?? false);
  byId("btn-record").hidden = !call.records_by_hand;
  byId("btn-record").setAttribute("aria-pressed", String(call.recording_on));
  byId("btn-record").classList.toggle("ctl__btn--on", call.recording_on);
  byId("record-sub").textContent = call.recording_on ? "点按停止" : "点按开始";
  deserted.show(call, state.now_unix_ms);
  byId("preroll").hidden = call.state !== "PREROLL";
  const guide = guideOf(call);
  byId("btn-guide").setAttribute("aria-pressed", String(guide !== ""));
  byId("btn-guide").classList.toggle("ctl__btn--on", guide !== "");
  byId("guide-word").textContent = GUIDES.find(([frame]) => frame === guide)?.[1] ?? "引导框";
  list.show(call);
  customers.show(call);
  attach();
  void sheet.load(call.id).then((view) => {
    if (!view || scriptFor === call.id) return;
    scriptFor = call.id;
    script.load(view.script.steps, call.events, view.script.values);
    list.load(view.media);
    void media.start(view.remote_slots, { video: view.video }).then(attach);
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

/** When this page lost the server in a call; 0 while it hears it. */
let downSince = 0;
setInterval(() => {
  if (downSince) {
    const left = config.reconnectSeconds - (Date.now() - downSince) / 1000;
    const label = byId("pill").querySelector("[data-pill-label]");
    if (label) label.textContent = `断线，正在重连 · 位置保留 ${clock(left)}`;
    return;
  }
  if (state) showPlan(state.presence);
}, 1000);

/** The state's time against its plan: amber from 80 %, red from 100 %. @param {any} presence */
function showPlan({ since_unix_ms: since, plan_s: plan }) {
  const spent = (Date.now() - since) / 1000;
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (byId("pill").querySelector(`[data-pill-${name}]`));
  part("time").textContent = clock(spent);
  part("plan").textContent = plan ? `/ ${clock(plan)}` : "";
  const share = plan ? spent / plan : 0;
  part("bar").hidden = !plan;
  part("bar").style.width = `${Math.min(100, Math.round(100 * share))}%`;
  byId("pill").dataset.plan = share >= 1 ? "over" : share >= 0.8 ? "soon" : "";
}

/** What comes after the case; chosen while it runs. @param {any} presence */
function showNext({ state: now, next, next_reason: reason, leaves_after: leaves }) {
  const select = /** @type {HTMLSelectElement} */ (byId("next-state"));
  select.hidden = !["OFFERED", "IN_CALL", "WRAP_UP"].includes(now);
  select.disabled = Boolean(leaves);
  select.title = leaves ? `主管已要求本案结束后签出：${leaves}` : "";
  if (document.activeElement !== select) select.value = next ? `${next}:${reason}` : "";
}

socket.addEventListener("frame", (event) => {
  const frame = /** @type {CustomEvent} */ (event).detail;
  downSince = 0;
  if (frame.type === "snapshot") show(frame.state);
  else if (frame.type === "ring" && state) show({ ...state, ...frame.state });
  else if (frame.type === "line" && state) show({ ...state, queue: frame.queue, now_unix_ms: frame.queue.now_unix_ms });
  else if (frame.type === "proof" && RUNNING.has(state?.call?.state)) proof.show(frame.payload, state.call);
  else if (frame.type === "slots") media.assign(frame.leg_id, frame.payload.slots);
  else if (frame.type === "quality") {
    wall.quality(frame.participant_id, frame.payload);
    net.quality(frame.participant_id, frame.payload);
  }
  else if (frame.type === "playout") list.progress(frame.payload);
  else if (frame.type === "media.reconnect") {
    void media.move(frame.payload.media_epoch);
    share.move(frame.payload.media_epoch);
  }
});
socket.addEventListener("down", () => {
  const label = byId("pill").querySelector("[data-pill-label]");
  if (label) label.textContent = "断线，正在重连";
  if (document.body.dataset.screen === "call") downSince ||= Date.now();
});
socket.addEventListener("over", (event) => {
  const code = /** @type {CustomEvent} */ (event).detail;
  downSince = 0;
  scriptFor = ""; // taken back, the call is joined anew: the other window may have gone on with it
  media.stop();
  ownMute.reset();
  share.leave();
  ring.stop();
  if (code === 4409 || code === 4423) void takeOver();
  else toast("登录已失效，请重新登录。", { bad: true });
});

/** Another window has the workbench: say so, and come back on request. */
async function takeOver() {
  const dialog = /** @type {HTMLDialogElement} */ (byId("elsewhere"));
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  if (dialog.returnValue === "take") socket.open({ takeOver: true });
  else void takeOver(); // this window shows nothing true until it is the seat's again
}
media.addEventListener("tiles", attach);
media.addEventListener("connection", (event) => {
  if (/** @type {CustomEvent} */ (event).detail === "lost") toast("本机与媒体服务的连接中断，正在恢复…", { bad: true });
  else ownMute.again();
});

byId("sign-in").addEventListener("click", () => {
  ring.allow();
  void ask("presence.sign_in");
});
byId("next-state").addEventListener("change", (event) => {
  const [next = "", reason = ""] = /** @type {HTMLSelectElement} */ (event.target).value.split(":");
  void ask("presence.next", { state: next, reason });
});
byId("log-out").addEventListener("click", (event) => {
  if (byId("log-out").getAttribute("aria-disabled") !== "true") return;
  event.preventDefault();
  toast("签入状态不可注销，请先签出。", { bad: true });
});
byId("compare").addEventListener("click", () => sheet.compare());
byId("review-compare").addEventListener("click", () => sheet.compare());
byId("sign-out").addEventListener("click", () => void ask("presence.sign_out"));
byId("pause").addEventListener("change", (event) => {
  const choice = /** @type {HTMLSelectElement} */ (event.target);
  const reason = choice.value;
  choice.value = ""; // the choice is an act, not a setting: the pill shows what came of it
  if (reason) void ask("presence.pause", { reason });
});
byId("ready").addEventListener("click", () => void ask("presence.ready"));
byId("queue").addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("[data-hand-over]");
  if (button instanceof HTMLElement) void handOver(button.dataset.handOver ?? "");
});

/** A booked customer waits, and this seat cannot come. @param {string} request */
async function handOver(request) {
  const found = await ask("request.options", { request_id: request });
  if (!found) return;
  if (!found.seats.length) {
    toast("该时段没有其他空闲坐席。", { bad: true });
    return;
  }
  const give = (/** @type {number | null} */ to) => void ask("request.transfer", { request_id: request, to_seat_id: to });
  palette.choose("转出给", [
    { label: "随机转出", act: () => give(null) },
    ...found.seats.map((/** @type {any} */ to) => ({ label: `${to.name} ${to.staff_no}`, act: () => give(to.seat_id) })),
  ]);
}

/** By name, in a call, too. @returns {import("./palette.js").Command[]} */
function handOvers() {
  const mine = new Set((state?.appointments ?? []).filter((/** @type {any} */ row) => row.state === "BOOKED").map((/** @type {any} */ row) => row.task_id));
  return (state?.queue.items ?? [])
    .filter((/** @type {any} */ item) => item.state === "WAITING" && mine.has(item.task_id))
    .map((/** @type {any} */ item) => ({ label: `转出排队的预约：${item.name}`, act: () => void handOver(item.request_id) }));
}
byId("btn-mute").addEventListener("click", () => void ownMute.toggle());
byId("btn-snapshot").addEventListener("click", () => void snapshot());
byId("btn-tag").addEventListener("click", () => chooseTag());
byId("btn-guide").addEventListener("click", nextGuide);
byId("btn-play").addEventListener("click", () => list.toggle());
byId("btn-record").addEventListener("click", () => void ask("call.record", { on: !state?.call?.recording_on }));
byId("btn-palette").addEventListener("click", () => palette.open());
byId("wall-mode").addEventListener("click", switchWall);
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

async function snapshot(kind = "id_card") {
  const target = wall.target();
  if (!target) {
    toast("客户画面尚未接通。", { bad: true });
    return;
  }
  const taken = await ask("call.snapshot", { participant_id: target.id, kind });
  if (!taken) return;
  toast(`已抓拍 ${target.name} ${taken.width}×${taken.height}`);
  script.snapshotTaken();
}

async function pushCard() {
  if (await ask("card.show")) toast("确认卡已推送给客户，等待答复。");
}

/** @param {string} kind @param {number} [atMs] where, when reviewing; else a few seconds back */
async function tag(kind, atMs) {
  const set = await ask("call.tag", { kind, note: "", ...(atMs === undefined ? {} : { at_ms: atMs }) });
  if (set) toast(`已打标签：${clock(set.at_ms / 1000)}`);
}

/** @param {number} [atMs] */
function chooseTag(atMs) {
  palette.choose("标签类别", TAGS.map(([kind, label]) => ({ label, act: () => void tag(kind, atMs) })));
}

/** Hang up; what is still missing is said first, and stays the seat's decision. */
async function endCall() {
  const checks = state?.call?.release ?? [];
  if (checks.some((/** @type {any} */ check) => check.level === "stop")) {
    const dialog = /** @type {HTMLDialogElement} */ (byId("release"));
    byId("release-lamp").replaceChildren(lamp(checks));
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "end") return;
  }
  await ask("call.end");
}

function chooseShot() {
  palette.choose("抓拍类别", SHOTS.map(([kind, label]) => ({ label, act: () => void snapshot(kind) })));
}

/** @param {string} frame */
function setGuide(frame) {
  void ask("call.guide", { frame });
}

/** None, face, document, none … */
function nextGuide() {
  const at = GUIDES.findIndex(([frame]) => frame === guideOf(state.call));
  setGuide(GUIDES[(at + 1) % GUIDES.length]?.[0] ?? "");
}

function switchWall() {
  byId("wall-mode").setAttribute("aria-pressed", String(wall.switchMode() === "grid"));
}

/** @returns {import("./palette.js").Command[]} */
function commands() {
  const call = state?.call;
  if (document.body.dataset.screen === "review") return reviewCommands();
  if (document.body.dataset.screen !== "call" || !call) return idleCommands();
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".right-call [role=tab]")]);
  return [
    { label: "静音 / 取消静音", keys: "F2", act: () => void ownMute.toggle() },
    ...TAGS.map(([kind, label], index) => ({ label: `标签：${label}`, keys: `F4 ${index + 1}`, act: () => void tag(kind) })),
    ...handOvers(),
    { label: "抓拍", keys: "F9", act: () => void snapshot() },
    ...SHOTS.map(([kind, label]) => ({ label: `抓拍：${label}`, keys: "Shift F9", act: () => void snapshot(kind) })),
    { label: "完成本步话术", keys: "F8", act: () => void script.done() },
    { label: "话术上一步", keys: "Shift F8", act: () => script.back() },
    { label: "客户画面：人脸框", keys: "Alt C", act: () => setGuide("face") },
    { label: "客户画面：证件框", keys: "Alt C", act: () => setGuide("document") },
    { label: "客户画面：取消引导框", keys: "Alt C", act: () => setGuide("") },
    ...customers.commands(),
    { label: share.isOn() ? "停止共享" : "共享：点选一张卡片", keys: "Alt S", act: () => share.pick() },
    ...(share.isOn() ? [] : tabs.map((tab) => ({ label: `共享：${tab.firstChild?.textContent?.trim() ?? ""}`, act: () => shareTab(tab) }))),
    { label: call.playout ? "素材：暂停 / 继续" : "素材：打开列表", keys: "Alt P", act: () => list.toggle() },
    { label: "视频墙：主讲 / 平铺", keys: "Alt G", act: switchWall },
    ...(call.records_by_hand ? [{ label: call.recording_on ? "停止录制" : "开始录制", act: () => void ask("call.record", { on: !call.recording_on }) }] : []),
    ...tabs.map((tab) => ({ label: `打开：${tab.firstChild?.textContent?.trim() ?? ""}`, act: () => tab.click() })),
    { label: "写文字消息", act: () => byId("say").focus() },
    { label: "推送确认卡", act: () => void pushCard() },
    { label: "跳过本步话术", keys: "Alt K", act: () => void script.skip() },
    { label: "抓拍与影像并排对比", keys: "Alt V", act: () => sheet.compare() },
    ...(call.deserted_until_unix_ms ? [{ label: "继续等候客户", act: () => void ask("call.await_customers") }] : []),
    { label: "结束面谈", act: () => void endCall() },
    { label: "快捷键与帮助", keys: "?", act: help },
  ];
}

/** @returns {import("./palette.js").Command[]} */
function reviewCommands() {
  const opinions = /** @type {const} */ ([["PASS", "通过"], ["DOUBT", "存疑"], ["PARTIAL", "部分完成"]]);
  return [
    ...opinions.map(([verdict, label]) => ({ label: `意见：${label}`, act: () => review.choose(verdict) })),
    { label: "提交意见并上传", keys: "Ctrl ⏎", act: () => review.file() },
    { label: "播放 / 暂停回放", act: () => review.togglePlay() },
    { label: "在此处加标签", act: () => byId("review-add").click() },
    { label: "抓拍与影像并排对比", keys: "Alt V", act: () => sheet.compare() },
    { label: "快捷键与帮助", keys: "?", act: help },
  ];
}

/** Only what the presence allows now: the same buttons that are shown. @returns {import("./palette.js").Command[]} */
function idleCommands() {
  const pause = /** @type {HTMLSelectElement} */ (byId("pause"));
  const reasons = [...pause.options].map(({ value }) => value).filter(Boolean);
  const buttons = ["offer-accept", "offer-decline", "sign-in", "ready", "sign-out"].map((id) => /** @type {HTMLButtonElement} */ (byId(id)));
  return [
    ...buttons.filter((button) => button.checkVisibility() && !button.disabled).map((button) => ({ label: labelOf(button), act: () => button.click() })),
    ...(state?.offer?.transfer_to ?? []).map((/** @type {any} */ to) => ({ label: `转出：${to.name} ${to.staff_no}`, act: () => void ask("offer.transfer", { offer_id: state.offer.offer_id, to_seat_id: to.seat_id }) })),
    ...handOvers(),
    ...(pause.hidden ? [] : reasons.map((reason) => ({ label: `示忙：${reason}`, act: () => void ask("presence.pause", { reason }) }))),
    { label: "快捷键与帮助", keys: "?", act: help },
  ];
}

/** Without the sign and the key beside it. @param {HTMLElement} button */
function labelOf(button) {
  return [...button.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.textContent?.trim()).join("");
}

/** @param {HTMLElement} tab */
function shareTab(tab) {
  tab.click();
  void share.start(byId(tab.getAttribute("aria-controls") ?? ""));
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let holding = undefined;
const end = byId("btn-end");
function hold() {
  end.classList.add("is-holding");
  holding = setTimeout(() => {
    release();
    void endCall();
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

const ACTS = /** @type {Record<string, () => void>} */ ({
  mute: () => void ownMute.toggle(), tag: () => chooseTag(), skip: () => void script.skip(), compare: () => sheet.compare(), snapshot: () => void snapshot(), snapshot_kind: chooseShot,
  step: () => void script.done(), step_back: () => script.back(), share: () => share.pick(),
  play: () => list.toggle(), wall: switchWall, guide: nextGuide,
});
const ONWARD = new Set(["accept", "step", "step_back", "skip"]);
// A key held down to hang up must not answer the question that comes of it.
document.addEventListener("keydown", (event) => {
  if (event.repeat && event.key === "Enter" && event.target instanceof HTMLElement && event.target.closest("dialog")) event.preventDefault();
}, { capture: true });
document.addEventListener("keydown", (event) => {
  const inField = event.target instanceof HTMLElement && Boolean(event.target.closest("input, textarea, select"));
  const { key, code, ctrlKey, altKey, shiftKey, isComposing } = event;
  const act = actOf({ key, code, ctrlKey, altKey, shiftKey, isComposing, inField });
  if (!act) return;
  event.preventDefault();
  if (ONWARD.has(act) && document.querySelector("dialog[open]")) return; // what lies under a dialog stays as it is
  if (act === "accept") {
    if (document.body.dataset.screen === "review") review.file();
    else void idle.accept();
  }
  else if (act === "help") help();
  else if (act === "palette") palette.open();
  else if (act === "compare" && document.body.dataset.screen === "review") sheet.compare();
  else if (document.body.dataset.screen === "call" && !palette.isOpen()) ACTS[act]?.();
});

const beats = new Worker(new URL("./heartbeat.worker.js", import.meta.url));
beats.addEventListener("message", () => void socket.beat());
socket.open();
