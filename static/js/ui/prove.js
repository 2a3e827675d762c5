// @ts-check
/** The password or a code once more, in a dialog, where a script meets `reauth_required` (S:A10). */
import { el } from "./dom.js";

/**
 * @param {{ url: string, token: string }} to
 * @returns {Promise<boolean>} whether the person has shown who it is; false when it was called off
 */
export function proveAgain({ url, token }) {
  const field = /** @type {HTMLInputElement} */ (el("input", { class: "input", id: "prove-field", type: "password", maxlength: "128", autocomplete: "current-password", required: true }));
  const wrong = el("p", { class: "quiet", role: "alert" });
  const form = el(
    "form",
    { class: "dialog__form", method: "dialog" },
    el("h2", { id: "prove-title" }, "再次验证身份"),
    el("label", { class: "field__label", for: "prove-field" }, "登录密码，或 6 位验证码"),
    field,
    wrong,
    el("div", { class: "dialog__acts" }, el("button", { class: "btn", type: "button", "data-off": true }, "取消"), el("button", { class: "btn btn--main", type: "submit" }, "验证")),
  );
  const dialog = /** @type {HTMLDialogElement} */ (el("dialog", { class: "dialog", "aria-labelledby": "prove-title" }, form));
  document.body.append(dialog);
  return new Promise((resolve) => {
    form.querySelector("[data-off]")?.addEventListener("click", () => dialog.close(""));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const given = field.value;
      field.value = "";
      const answer = await fetch(url, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams({ proof: given }) });
      if (answer.ok) return dialog.close("proved");
      wrong.textContent = answer.status === 403 ? "密码或验证码不正确。" : "尝试过多，账号已锁定。";
      field.focus();
    });
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "proved");
    });
    dialog.showModal();
    field.focus();
  });
}
