// @ts-check
/** The list of recordings: its search form. */
import { mountCascade } from "./cascade.js";

for (const form of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-regions-url]"))) {
  mountCascade(form, async (code) => {
    const answer = await fetch(`${form.dataset.regionsUrl}?under=${encodeURIComponent(code)}`);
    return answer.ok ? (await answer.json()).places : [];
  });
}
