// @ts-check
/** Globals meet the page here and nowhere else. */
import { mountCallPage } from "./call-page.js";
import { ticketOf } from "./format.js";

const root = document.getElementById("call-page");
const ticket = ticketOf(location.hash);
// The ticket works once: take it out of sight and out of the history.
if (ticket) history.replaceState(null, "", location.pathname);
if (root) void mountCallPage(root, { ticket, kept: sessionStorage });
