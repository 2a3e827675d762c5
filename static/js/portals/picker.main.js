// @ts-check
import { mountPicker } from "./picker.js";

const form = document.querySelector("[data-picker]");
if (form instanceof HTMLFormElement) {
  const button = /** @type {HTMLButtonElement | null} */ (document.querySelector("[data-submit]"));
  mountPicker(form, button, {
    fetchJson: async (url) => {
      const answer = await fetch(url, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error(String(answer.status));
      return answer.json();
    },
    every: (act, ms) => void setInterval(act, ms),
  });
  document.querySelector(".day[aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });
}
