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
 */
export function mountFind(input, list) {
  function show() {
    for (const entry of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-words]"))) {
      entry.hidden = !fits(entry.dataset.words ?? "", input.value);
    }
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
