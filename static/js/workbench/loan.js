// @ts-check
import { byId, el, icon, toast } from "./dom.js";

const LOOKS = /** @type {Record<string, [string, string]>} */ ({
  synced: ["is-idle", "check"], waiting: ["", "redo"], failed: ["is-down", "x-c"],
});
const AGAIN_MS = 2500;

/** Whether there is something to wait for. @param {any} sheet */
export const isPending = (sheet) => Boolean(sheet?.fields.some((/** @type {any} */ field) => field.sync && field.sync.state !== "synced"));

/**
 * 贷款方案 as typed fields; a change is sent at once and stands beside the credit system's value
 * with how far it has come (WB-14).
 * @param {(type: string, body?: Record<string, unknown>) => Promise<any>} ask
 * @param {() => Promise<void>} again reads the case afresh
 */
export function mountLoan(ask, again) {
  const pane = byId("pane-loan");
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer = undefined;
  let key = "";

  /** @param {any} field @param {HTMLInputElement | HTMLSelectElement} input */
  async function change(field, input) {
    const value = input.value.trim();
    if (!value || value === field.now) return;
    input.disabled = true;
    const done = await ask("loan.change", { field: field.name, value });
    input.disabled = false;
    if (done === null) {
      input.value = field.now; // refused and said so: what stands is shown again
      return;
    }
    toast(`${field.label}已修改，正在同步信贷系统。`);
    key = "";
    await again();
  }

  /** @param {any} field */
  function controlOf(field) {
    const id = `loan-${field.name}`;
    const common = { id, class: `input${field.is_changed ? "" : " input--quiet"}`, "data-loan": field.name };
    const input = /** @type {HTMLInputElement | HTMLSelectElement} */ (
      field.control === "select"
        ? el("select", common, ...field.options.map((/** @type {string} */ option) => el("option", option === field.now ? { selected: true } : {}, option)))
        : el("input", {
            ...common,
            value: field.now,
            autocomplete: "off",
            ...(field.control === "date" ? { type: "date" } : {}),
            ...(field.control === "decimal" ? { inputmode: "decimal" } : {}),
            ...(field.control === "whole" ? { inputmode: "numeric" } : {}),
            ...(field.control === "account" ? { placeholder: field.now_shown, inputmode: "numeric" } : {}),
          })
    );
    input.addEventListener("change", () => void change(field, input));
    input.addEventListener("keydown", (event) => {
      if (/** @type {KeyboardEvent} */ (event).key === "Enter" && !(/** @type {KeyboardEvent} */ (event).isComposing)) input.blur();
    });
    return input;
  }

  /** @param {any} field */
  function row(field) {
    const [look, symbol] = LOOKS[field.sync?.state] ?? ["", ""];
    const input = controlOf(field);
    const label = el(
      "label",
      { class: "field__label", for: input.id },
      `${field.label}${field.unit ? `（${field.unit}）` : ""}`,
      ...(field.sync ? [el("span", { class: `chip ${look}`, "data-sync": field.sync.state }, icon(symbol), field.sync.text)] : []),
    );
    if (!field.sync && !field.is_changed) return el("div", { class: `field${field.control === "account" || field.control === "text" ? " wide" : ""}` }, label, input);
    const retry = el("button", { class: "btn", type: "button" }, icon("redo"), "重试");
    retry.addEventListener("click", () => void ask("loan.retry").then(again));
    const inputs = field.sync?.state === "failed" ? el("div", { class: "field__row" }, input, retry) : input;
    const diff = el("span", { class: "diff" }, el("span", {}, "信贷系统"), el("del", {}, field.shown), "→", el("ins", {}, field.now_shown), ...(field.difference ? [el("span", { class: "quiet" }, field.difference)] : []));
    return el("div", { class: "field wide field--changed" }, label, inputs, diff);
  }

  return {
    /** @param {any} sheet null when the credit system is away */
    show(sheet) {
      clearTimeout(timer);
      const badge = byId("loan-count");
      badge.hidden = !sheet?.changed;
      badge.textContent = String(sheet?.changed ?? 0);
      if (isPending(sheet)) timer = setTimeout(() => void again(), AGAIN_MS);
      const fresh = JSON.stringify(sheet);
      // What is being typed is not taken away.
      if (fresh === key || pane.contains(document.activeElement instanceof HTMLInputElement ? document.activeElement : null)) return;
      key = fresh;
      if (!sheet) {
        pane.replaceChildren(el("h3", {}, "贷款方案"), el("p", { class: "empty" }, "信贷系统暂不可用，恢复后自动显示。"));
        timer = setTimeout(() => void again(), 2 * AGAIN_MS);
        return;
      }
      pane.replaceChildren(
        el("div", { class: "pane__head" }, el("h3", {}, "贷款方案"), ...(sheet.changed ? [el("span", { class: "chip is-busy" }, `${sheet.changed} 处修改`)] : []), el("span", { class: "grow" }), el("span", { class: "quiet" }, sheet.channel)),
        el("div", { class: "loan" }, ...sheet.fields.map(row)),
      );
    },
    stop: () => clearTimeout(timer),
  };
}
