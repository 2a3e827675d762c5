// @ts-check
import { hintsOf } from "./ask-customer.js";
import { byId, clock, el, icon, toast } from "./dom.js";
import { mountLightbox } from "../ui/lightbox.js";
import { isPending, mountLoan } from "./loan.js";
import { proveAgain } from "../ui/prove.js";
import { askReason } from "./reason.js";

/** @typedef {import("../ui/lightbox.js").Picture} Picture */

/**
 * Customer, loan, images, snapshots: the tabs beside the call; and the roster.
 * @param {(type: string, body?: Record<string, unknown>) => Promise<any>} ask
 * @param {(view: any) => void} [onCase] hears of the case read afresh
 */
export function mountCase(ask, onCase = () => undefined) {
  const urls = byId("workbench").dataset;
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".wb__right [role=tab]")]);
  /** @type {any} */
  let loaded = null;
  let loadedFor = "";
  /** @type {any} */
  let shownCall = null;
  const loan = mountLoan(ask, again);
  const box = mountLightbox({ act: (picture) => void remove(picture), actLabel: "删除…" });
  for (const tab of tabs) tab.addEventListener("click", () => select(tab));

  /** The case afresh: a change of the loan, or the credit system is back. */
  async function again() {
    if (!loadedFor) return;
    try {
      const asked = loadedFor;
      const answer = await fetch(`${urls.caseUrl}${asked}/case.json`);
      if (!answer.ok || asked !== loadedFor) return;
      loaded = await answer.json();
    } catch {
      // The network is away: what is shown stays, and the next look asks again.
      if (isPending(loaded?.loan)) setTimeout(() => void again(), 5000);
      return;
    }
    loan.show(loaded.loan);
    onCase(loaded);
  }

  /** @returns {Picture[]} */
  function pictures() {
    const images = (loaded?.images ?? []).map((/** @type {any} */ image) => ({ id: `i${image.id}`, url: image.url, title: image.title, sub: image.person, kind: "image" }));
    return [...images, ...(shownCall ? shotsOf(shownCall, urls.recordingUrl ?? "") : [])];
  }

  /** @param {Picture} picture */
  async function remove(picture) {
    box.close();
    const reason = await askReason({ title: `删除照片：${picture.title}`, label: "删除原因（照片仍作为证据保留，不再显示）", choices: ["画面模糊", "误拍", "重复"], go: "删除" });
    if (reason) await ask("call.snapshot.delete", { snapshot_id: picture.id, reason });
  }

  /** @param {string} party @param {string} field @param {HTMLElement} place */
  async function reveal(party, field, place) {
    const reason = await askReason({ title: `查看完整${field === "phone" ? "手机号" : "证件号"}：${party}`, label: "查看原因（留痕）", choices: ["与证件原件核对", "联系客户", "系统提示不一致"], go: "查看" });
    if (!reason) return;
    const token = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=csrfmiddlewaretoken]"))?.value ?? "";
    const asked = `${urls.caseUrl}${loadedFor}/reveal`;
    const send = () => fetch(asked, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams({ party, field, reason }) });
    /** @param {Response} answer */
    const read = async (answer) => (answer.headers.get("content-type")?.includes("json") ? answer.json() : {});
    let answer = await send();
    let told = await read(answer);
    if (told.code === "reauth_required") {
      if (!(await proveAgain({ url: urls.againUrl ?? "", token }))) return;
      answer = await send();
      told = await read(answer);
    }
    if (answer.ok) place.textContent = told.value;
    else toast(told.text ?? "您没有查看完整号码的权限。", { bad: true });
  }

  /** @param {HTMLElement} chosen */
  function select(chosen) {
    for (const tab of tabs) {
      tab.setAttribute("aria-selected", String(tab === chosen));
      byId(tab.getAttribute("aria-controls") ?? "").hidden = tab !== chosen;
    }
  }

  return {
    /** The case of a call, asked for once. @param {string} callId */
    async load(callId) {
      if (loadedFor === callId) return loaded;
      const answer = await fetch(`${urls.caseUrl}${callId}/case.json`);
      if (!answer.ok) {
        toast("案件资料读取失败，请刷新页面。", { bad: true });
        return null;
      }
      loaded = await answer.json();
      loadedFor = callId;
      loan.show(loaded.loan);
      showCase(loaded, callId, urls.caseUrl ?? "", { open: (id) => box.open(pictures(), id), reveal });
      return loaded;
    },
    /** @param {any} call */
    show(call) {
      byId("case-product").textContent = call.product_name;
      byId("case-number").textContent = `第 ${call.number} 次通话`;
      byId("case-no").textContent = `合同 ${call.contract_no}`;
      showRoster(call, ask);
      shownCall = call;
      showHints(call);
      showShots(call, urls.recordingUrl ?? "", (id) => box.open(pictures(), id));
      showChat(call);
    },
    compare: () => box.compare(pictures()),
  };
}

/**
 * @param {[string, string, string?][]} rows a third value names what can be seen in full
 * @param {(field: string, place: HTMLElement) => void} [reveal]
 */
export const rowsOf = (rows, reveal) =>
  el(
    "dl",
    { class: "sheet-rows" },
    ...rows.flatMap(([name, value, field]) => {
      const place = el("span", {}, value || "—");
      if (!field || !value || !reveal) return [el("dt", {}, name), el("dd", {}, place)];
      const show = el("button", { class: "linklike", type: "button", "aria-label": `查看完整${name}` }, "查看");
      show.addEventListener("click", () => reveal(field, place));
      return [el("dt", {}, name), el("dd", {}, place, " ", show)];
    }),
  );

/**
 * @param {any} view @param {string} callId @param {string} base
 * @param {{ open: (id: string) => void, reveal: (party: string, field: string, place: HTMLElement) => Promise<void> }} acts
 */
function showCase(view, callId, base, acts) {
  byId("case-slot").textContent = view.appointment || "无预约";
  byId("case-property").textContent = view.property || "—";
  byId("case-manager").textContent = view.manager || "—";
  byId("hints-case").replaceChildren(
    ...(view.credit_problem
      ? [el("div", { class: "hint hint--risk" }, icon("alert"), el("b", {}, "信贷系统"), el("p", {}, view.credit_problem))]
      : [el("div", { class: "hint hint--info" }, icon("info"), el("span", {}, "请先核对客户身份，再逐项确认贷款信息。"))]),
  );
  byId("pane-customer").replaceChildren(
    ...view.parties.map((/** @type {any} */ party) =>
      el(
        "section",
        { class: "party-card" },
        el("h3", {}, party.name, ...party.roles.map((/** @type {string} */ role) => el("span", { class: "chip" }, role))),
        rowsOf(party.rows, (field, place) => void acts.reveal(party.name, field, place)),
      ),
    ),
  );
  byId("image-count").textContent = String(view.images.length);
  byId("pane-images").replaceChildren(
    el(
      "div",
      { class: "pictures" },
      ...view.images.map((/** @type {any} */ image) =>
        thumb({ id: `i${image.id}`, url: image.url, title: image.title, sub: image.person, kind: "image" }, acts.open, ""),
      ),
    ),
  );
}

/** @param {any} call */
function showHints(call) {
  const hints = hintsOf(call);
  const place = byId("hints-live");
  const key = JSON.stringify(hints);
  if (place.dataset.key === key) return; // what did not change is not read aloud again
  place.dataset.key = key;
  place.replaceChildren(
    ...hints.map(({ level, title, text, atMs }) =>
      el("div", { class: `hint hint--${level}` }, icon(level === "risk" ? "alert" : "info"), el("b", {}, title), el("time", {}, clock(atMs / 1000)), el("p", {}, text)),
    ),
  );
}

/** @param {any} call @param {(type: string, body?: Record<string, unknown>) => Promise<any>} ask */
function showRoster(call, ask) {
  const places = new Map(call.participants.map((/** @type {any} */ p) => [p.party_id, p]));
  const there = call.parties.filter((/** @type {any} */ p) => places.get(p.id)?.state === "PRESENT").length;
  const done = call.parties.filter((/** @type {any} */ p) => p.interviewed).length;
  byId("roster-count").textContent = call.ended_unix_ms ? `${done} / ${call.parties.length} 已面谈` : `${there} / ${call.parties.length} 到场`;
  byId("roster").replaceChildren(
    ...call.parties.map((/** @type {any} */ party) => {
      const place = /** @type {any} */ (places.get(party.id));
      const words = /** @type {Record<string, string>} */ ({ PRESENT: "在场", LOST: "断线，等待重连", LEFT: "已离开", INVITED: "接入中", KNOCKING: "请求进入" });
      const text = party.interviewed ? "已面谈" : place ? words[place.state] : "未到";
      return el(
        "li",
        { class: `roster__row${place && place.state !== "KNOCKING" ? "" : " roster__row--missing"}`, "data-place": place?.id },
        el("span", { class: "avatar" }, party.name.slice(0, 1)),
        el("span", { class: "roster__name" }, party.name, el("span", { class: "chip" }, party.roles.join(" · "))),
        el("span", { class: "quiet nowrap" }, ""),
        el("span", { class: "roster__sub" }, el("span", {}, text ?? ""), place ? el("span", { class: "ok" }, "✓ 已同意录制") : ""),
        ...(place?.state === "KNOCKING" ? [door(place.id, ask)] : []),
        ...(!place && !party.interviewed ? [again(party, ask)] : []),
      );
    }),
  );
}

/** @param {any} party @param {(type: string, body?: Record<string, unknown>) => Promise<any>} ask */
function again(party, ask) {
  const button = el("button", { class: "btn btn--sm", type: "button", "data-invite": party.id }, icon("sms"), "再发短信");
  button.addEventListener("click", () => {
    void ask("party.invite", { party_id: party.id }).then((done) => done && toast(`已向 ${party.name} 再发一次面谈短信。`));
  });
  return el("span", { class: "roster__act" }, button);
}

/** @param {string} id @param {(type: string, body?: Record<string, unknown>) => Promise<any>} ask */
function door(id, ask) {
  const made = (/** @type {string} */ label, /** @type {string} */ look, /** @type {boolean} */ admitted) => {
    const button = el("button", { class: `btn btn--sm ${look}`, type: "button", "data-admit": String(admitted) }, label);
    button.addEventListener("click", () => void ask("call.admit", { participant_id: id, admitted }));
    return button;
  };
  return el("span", { class: "roster__act" }, made("准许进入", "btn--main", true), made("拒绝", "", false));
}

/** @param {Picture} picture @param {(id: string) => void} open @param {string} look */
function thumb(picture, open, look) {
  const made = el(
    "button",
    { class: `shot${look}`, type: "button", ...(picture.kind === "shot" ? { "data-snapshot": picture.id } : {}) },
    el("span", { class: "shot__pic" }, el("img", { src: picture.url, alt: picture.title, loading: "lazy" })),
    el("span", { class: "shot__cap" }, picture.title, el("small", {}, picture.sub)),
  );
  made.addEventListener("click", () => open(picture.id));
  return made;
}

/** @param {any} call @param {string} base @returns {(Picture & { isRisk: boolean })[]} */
function shotsOf(call, base) {
  const who = new Map(call.participants.map((/** @type {any} */ p) => [p.id, p.name]));
  return call.snapshots.map((/** @type {any} */ shot) => ({
    id: shot.id,
    url: `${base}${call.id}/snapshots/${shot.id}`,
    title: shot.kind_label,
    sub: `${who.get(shot.participant_id) ?? ""} ${clock(shot.at_ms / 1000)} · ${shot.width}×${shot.height}`,
    kind: "shot",
    isRisk: shot.kind === "risk",
  }));
}

/** @param {any} call @param {string} base @param {(id: string) => void} open */
function showShots(call, base, open) {
  for (const badge of document.querySelectorAll("[data-shot-count]")) badge.textContent = String(call.snapshots.length);
  const key = call.snapshots.map((/** @type {any} */ s) => s.id).join();
  const dock = byId("dock");
  if (dock.dataset.key === key) return; // pictures do not blink
  dock.dataset.key = key;
  const made = () => shotsOf(call, base).map((shot) => thumb(shot, open, shot.isRisk ? " shot--risk" : ""));
  const none = (/** @type {string} */ text) => el("p", { class: "empty" }, text);
  dock.replaceChildren(...(call.snapshots.length ? made().slice(-4) : [none("按 F9 抓拍客户画面")]));
  byId("pane-shots").replaceChildren(call.snapshots.length ? el("div", { class: "pictures" }, ...made()) : none("还没有抓拍。F9 抓拍，Shift+F9 先选类别。"));
  byId("review-shots").replaceChildren(...(call.snapshots.length ? made() : [none("本次通话没有抓拍。")]));
}

/** @param {any} call */
function showChat(call) {
  const who = new Map(call.participants.map((/** @type {any} */ p) => [p.id, p]));
  const said = call.events.filter((/** @type {any} */ e) => e.kind === "chat");
  byId("chat-log").replaceChildren(
    ...said.map((/** @type {any} */ event) => {
      const person = /** @type {any} */ (who.get(event.participant_id));
      const mine = person?.role === "seat";
      return el(
        "p",
        { class: `chat__msg${mine ? " chat__msg--me" : ""}` },
        el("span", { class: "chat__who" }, `${mine ? "我" : (person?.name ?? "")} ${clock(event.at_ms / 1000)}`),
        el("span", { class: "chat__text" }, event.payload.text),
      );
    }),
  );
}
