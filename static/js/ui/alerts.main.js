// @ts-check
import { mountAlerts } from "./alerts.js";
import { chime } from "./chime.js";
import "./nav.js";

const token = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=csrfmiddlewaretoken]"))?.value ?? "";
mountAlerts(/** @type {HTMLElement} */ (document.getElementById("told")), { token, chime });
