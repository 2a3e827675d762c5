// @ts-check
import { mountLock } from "./lock.js";

const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("lock"));
const token = /** @type {HTMLInputElement} */ (dialog.querySelector("[name=csrfmiddlewaretoken]")).value;
mountLock(dialog, { token });
