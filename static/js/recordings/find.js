// @ts-check
/** Finding words among the marks of one recording. */
import { firstMomentMs } from "./seek.js";

/** @param {string} text */
const plain = (text) => text.normalize("NFKC").toLowerCase().replace(/\s+/g, "");

/**
 * Whether an entry is shown for what is looked for.
 * @param {string} words of the entry
 * @param {string} sought
 */
export const fits = (words, sought) => plain(words).includes(plain(sought));

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list its entries carry `data-words`
 * @param {HTMLElement | null} count says how many are listed
 */
export function mountFind(input, list, count) {
  const entries = /** @type {HTMLElement[]} */ ([...list.querySelectorAll("[data-words]")]);
  function show() {
    for (const entry of entries) entry.hidden = !fits(entry.dataset.words ?? "", input.value);
    if (count) count.textContent = String(entries.filter((entry) => !entry.hidden).length);
  }
  input.addEventListener("input", show);
  show();
  /** The moment of the first entry that fits; null when nothing is looked for. */
  return () => {
    if (!input.value.trim()) return null;
    const first = list.querySelector("[data-words]:not([hidden])");
    return first && firstMomentMs(first);
  };
}
