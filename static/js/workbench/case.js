// @ts-check
import { byId, clock, el, icon, toast } from "./dom.js";

/** Customer, loan, images, snapshots, media: the tabs beside the call; and the roster. */
export function mountCase() {
  const urls = byId("workbench").dataset;
  const tabs = /** @type {HTMLElement[]} */ ([...document.querySelectorAll(".wb__right [role=tab]")]);
  /** @type {any} */
  let loaded = null;
  let loadedFor = "";
  for (const tab of tabs) tab.addEventListener("click", () => select(tab));

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
      showCase(loaded, callId, urls.caseUrl ?? "");
      return loaded;
    },
    /** @param {any} call */
    show(call) {
      byId("case-product").textContent = call.product_name;
      byId("case-number").textContent = `第 ${call.number} 次通话`;
      byId("case-no").textContent = `合同 ${call.contract_no}`;
      showRoster(call);
      showShots(call, urls.recordingUrl ?? "");
      showChat(call);
    },
  };
}

/** @param {[string, string][]} rows */
const rowsOf = (rows) =>
  el("dl", { class: "sheet-rows" }, ...rows.flatMap(([name, value]) => [el("dt", {}, name), el("dd", {}, value || "—")]));

/** @param {any} view @param {string} callId @param {string} base */
function showCase(view, callId, base) {
  byId("case-slot").textContent = view.appointment || "无预约";
  byId("case-property").textContent = view.property || "—";
  byId("case-manager").textContent = view.manager || "—";
  byId("hints").replaceChildren(
    ...(view.credit_problem
      ? [el("div", { class: "hint hint--risk" }, icon("alert"), el("b", {}, "信贷系统"), el("p", {}, view.credit_problem))]
      : [el("div", { class: "hint hint--info" }, icon("info"), el("span", {}, "请先核对客户身份，再逐项确认贷款信息。"))]),
  );
  byId("pane-customer").replaceChildren(
    ...view.parties.flatMap((/** @type {any} */ party) => [
      el("h3", {}, party.name, ...party.roles.map((/** @type {string} */ role) => el("span", { class: "chip" }, role))),
      rowsOf(party.rows),
    ]),
  );
  byId("pane-loan").replaceChildren(el("h3", {}, "贷款方案"), rowsOf(view.loan));
  byId("image-count").textContent = String(view.images.length);
  byId("pane-images").replaceChildren(
    el(
      "div",
      { class: "pictures" },
      ...view.images.map((/** @type {any} */ image) =>
        el(
          "a",
          { class: "shot", href: `${base}${callId}/images/${image.id}`, target: "_blank", rel: "noopener" },
          el("span", { class: "shot__pic" }, el("img", { src: `${base}${callId}/images/${image.id}`, alt: image.title, loading: "lazy" })),
          el("span", { class: "shot__cap" }, image.title, el("small", {}, image.person)),
        ),
      ),
    ),
  );
  byId("pane-media").replaceChildren(
    ...(view.media.length
      ? view.media.map((/** @type {any} */ item) => el("p", {}, `${item.kind} · ${item.title}`))
      : [el("p", { class: "empty" }, "该产品未配置素材")]),
  );
}

/** @param {any} call */
function showRoster(call) {
  const places = new Map(call.participants.map((/** @type {any} */ p) => [p.party_id, p]));
  const there = call.parties.filter((/** @type {any} */ p) => places.get(p.id)?.state === "PRESENT").length;
  byId("roster-count").textContent = `${there} / ${call.parties.length} 到场`;
  byId("roster").replaceChildren(
    ...call.parties.map((/** @type {any} */ party) => {
      const place = /** @type {any} */ (places.get(party.id));
      const words = /** @type {Record<string, string>} */ ({ PRESENT: "在场", LOST: "断线，等待重连", LEFT: "已离开", INVITED: "接入中" });
      const text = party.interviewed ? "已面谈" : place ? words[place.state] : "未到";
      return el(
        "li",
        { class: `roster__row${place ? "" : " roster__row--missing"}` },
        el("span", { class: "avatar" }, party.name.slice(0, 1)),
        el("span", { class: "roster__name" }, party.name, el("span", { class: "chip" }, party.roles.join(" · "))),
        el("span", { class: "quiet nowrap" }, ""),
        el("span", { class: "roster__sub" }, el("span", {}, text ?? ""), place ? el("span", { class: "ok" }, "✓ 已同意录制") : ""),
      );
    }),
  );
}

/** @param {any} call @param {string} base */
function showShots(call, base) {
  for (const badge of document.querySelectorAll("[data-shot-count]")) badge.textContent = String(call.snapshots.length);
  const who = new Map(call.participants.map((/** @type {any} */ p) => [p.id, p.name]));
  const made = (/** @type {any} */ shot) =>
    el(
      "a",
      { class: `shot${shot.kind === "risk" ? " shot--risk" : ""}`, href: `${base}${call.id}/snapshots/${shot.id}`, target: "_blank", rel: "noopener", "data-snapshot": shot.id },
      el("span", { class: "shot__pic" }, el("img", { src: `${base}${call.id}/snapshots/${shot.id}`, alt: shot.kind_label })),
      el("span", { class: "shot__cap" }, shot.kind_label, el("small", {}, `${who.get(shot.participant_id) ?? ""} ${clock(shot.at_ms / 1000)} · ${shot.width}×${shot.height}`)),
    );
  const key = call.snapshots.map((/** @type {any} */ s) => s.id).join();
  const dock = byId("dock");
  if (dock.dataset.key === key) return; // pictures do not blink
  dock.dataset.key = key;
  dock.replaceChildren(...call.snapshots.slice(-4).map(made));
  byId("pane-shots").replaceChildren(el("div", { class: "pictures" }, ...call.snapshots.map(made)));
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
