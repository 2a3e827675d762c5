// @ts-check
/** Files being made: the count grows, and the page shows the button when one is done. */

const EVERY_MS = 2000;
const LIVE = new Set(["QUEUED", "RUNNING"]);

/**
 * Whether a row's state on the page is not what the server says any more.
 * @param {string} shown @param {string} now
 */
export const hasSettled = (shown, now) => LIVE.has(shown) && !LIVE.has(now);

/** @param {HTMLElement} table */
async function look(table) {
  const rows = /** @type {HTMLElement[]} */ ([...table.querySelectorAll("[data-job]")]);
  if (!rows.some((row) => LIVE.has(row.dataset.state ?? ""))) return;
  const answer = await fetch(table.dataset.stateUrl ?? "").catch(() => null);
  const told = answer?.ok ? (await answer.json()).jobs : {};
  for (const row of rows) {
    const job = told[row.dataset.job ?? ""];
    if (!job) continue;
    if (hasSettled(row.dataset.state ?? "", job.state)) return location.reload();
    const [label, count] = [row.querySelector("[data-label]"), row.querySelector("[data-rows]")];
    if (label) label.textContent = job.label;
    if (count) count.textContent = String(job.rows);
  }
  setTimeout(() => void look(table), EVERY_MS);
}

if (typeof document !== "undefined") {
  const table = document.getElementById("jobs");
  if (table) void look(table);
}
