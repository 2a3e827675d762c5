// @ts-check
/** 案件资料 before the call: read only, beside the list, gone when another case rings or a call begins. */
import { byId, el, toast } from "./dom.js";
import { rowsOf } from "./case.js";

export function mountAhead() {
  const panel = /** @type {HTMLDialogElement} */ (byId("ahead"));
  const base = byId("workbench").dataset.aheadUrl ?? "";
  let shownFor = "";

  document.addEventListener("click", (event) => {
    const asked = event.target instanceof Element ? event.target.closest("[data-ahead]") : null;
    if (asked instanceof HTMLElement) void open(asked.dataset.ahead ?? "");
  });
  byId("ahead-close").addEventListener("click", close);
  panel.addEventListener("keydown", (event) => event.key === "Escape" && close());

  /** @param {string} taskId */
  async function open(taskId) {
    shownFor = taskId;
    const answer = await fetch(base.replace("00000000-0000-0000-0000-000000000000", taskId)).catch(() => null);
    if (shownFor !== taskId) return; // another one was asked for, or it rings
    if (!answer?.ok) return toast(answer?.status === 404 ? "该案件已不在您的名下。" : "案件资料读取失败，请稍后再试。", { bad: true });
    show(await answer.json());
    if (!panel.open) panel.show();
    byId("ahead-close").focus();
  }

  function close() {
    shownFor = "";
    panel.close();
  }

  return {
    /** @param {any} state */
    show({ call, offer }) {
      if (shownFor && (call || (offer && offer.task_id !== shownFor))) close();
    },
  };
}

/** @param {any} view */
function show(view) {
  byId("ahead-title").textContent = `${view.product_name} ${view.amount}`;
  // Some values carry their unit already: 4.35%.
  const loan = view.loan?.fields.map((/** @type {any} */ { label, now_shown: value, unit }) => [label, value.endsWith(unit) ? value : `${value} ${unit}`]) ?? [];
  byId("ahead-body").replaceChildren(
    ...(view.credit_problem ? [el("p", { class: "hint hint--risk" }, view.credit_problem)] : []),
    rowsOf([["借款合同", view.contract_no], ["预约", view.appointment || "无预约"], ["房产", view.property], ["客户经理", view.manager]]),
    el("h3", {}, "此前面谈"),
    ...(view.earlier.length ? [] : [el("p", { class: "quiet" }, "无，首次面谈。")]),
    ...view.earlier.map((/** @type {any} */ each) => el("section", { class: "party-card" }, el("b", {}, `${each.at} · ${each.seat}`), " ", el("span", { class: "chip" }, each.result), ...(each.note ? [el("p", {}, each.note)] : []))),
    ...view.parties.map((/** @type {any} */ party) =>
      el("section", { class: "party-card" }, el("h3", {}, party.name, " ", ...party.roles.map((/** @type {string} */ role) => el("span", { class: "chip" }, role))), rowsOf(party.rows.map((/** @type {string[]} */ [name, value]) => [name ?? "", value ?? ""])))),
    ...(loan.length ? [el("h3", {}, "贷款方案"), rowsOf(loan)] : []),
    el("p", { class: "quiet" }, `影像 ${view.images.length} 份，接通后可查看。`),
  );
}
