// @ts-check
/** Globals meet the page of the device check here and nowhere else. */
import { mountCheckPage } from "./check-page.js";
import { ticketOf } from "./format.js";

const root = document.getElementById("check-page");
if (root) void mountCheckPage(root, { ticket: ticketOf(location.hash), kept: localStorage });
