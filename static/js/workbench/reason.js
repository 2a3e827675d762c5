// @ts-check
import { byId } from "./dom.js";

/**
 * Ask for a reason (or a note) in one small dialog.
 * @param {{ title: string, label: string, text?: string, go?: string, isOptional?: boolean, max?: number, choices?: readonly string[] }} wanted
 * @returns {Promise<string | null>} null when it was called off
 */
export function askReason({ title, label, text = "", go = "确定", isOptional = false, max = 200, choices = [] }) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("reason"));
  const field = /** @type {HTMLTextAreaElement} */ (byId("reason-text"));
  const button = /** @type {HTMLButtonElement} */ (byId("reason-go"));
  const list = byId("reason-choices");
  byId("reason-title").textContent = title;
  byId("reason-label").textContent = label;
  button.textContent = go;
  field.value = text;
  field.maxLength = max;
  list.replaceChildren(
    ...choices.map((choice) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = "btn btn--sm";
      made.textContent = choice;
      made.addEventListener("click", () => {
        field.value = choice;
        check();
        field.focus();
      });
      return made;
    }),
  );
  list.hidden = choices.length === 0;
  function check() {
    button.disabled = !isOptional && !field.value.trim();
  }
  check();
  return new Promise((resolve) => {
    const abort = new AbortController();
    const options = { signal: abort.signal };
    field.addEventListener("input", check, options);
    field.addEventListener(
      "keydown",
      (event) => {
        if (event.ctrlKey && event.key === "Enter" && !event.isComposing && !button.disabled) {
          event.preventDefault();
          event.stopPropagation();
          dialog.close("go");
        }
      },
      options,
    );
    dialog.addEventListener(
      "close",
      () => {
        abort.abort();
        resolve(dialog.returnValue === "go" ? field.value.trim() : null);
        dialog.returnValue = "";
      },
      options,
    );
    dialog.showModal();
    field.focus();
  });
}
