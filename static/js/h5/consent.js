// @ts-check
import { enable, onPress, sentenceOf, showTrouble, the } from "./dom.js";

const ICONS = ["i-media", "i-shield", "i-clock"];

/**
 * Explain, then ask (SDK-1, consent). Resolves when the party has agreed.
 * @param {HTMLElement} step
 * @param {{
 *   session: import("../../sdk/interview-client.js").Session,
 *   agree: (version: string) => Promise<void>,
 *   sharePlace: () => Promise<void>,
 *   decline: () => void,
 * }} deps
 * @returns {Promise<string>} the chosen service type
 */
export function mountConsent(step, { session, agree, sharePlace, decline }) {
  const { consent } = session;
  const check = the(step, "#consent-check", HTMLInputElement);
  const place = the(step, "#place-check", HTMLInputElement);
  const button = the(step, "#consent-agree", HTMLElement);
  const service = the(step, "#service-type", HTMLSelectElement);
  the(step, "#consent-title").textContent = consent.title;
  the(step, "#consent-text").textContent = consent.agree;
  the(step, "#place-text").textContent = consent.place_agree;
  the(step, "#consent-points").replaceChildren(...consent.points.map(pointRow));
  service.replaceChildren(...session.service_types.map((name) => new Option(name, name)));
  service.value = session.service_type || session.service_types[0] || "";
  the(step, "#service-field", HTMLElement).hidden = session.service_types.length < 2;
  check.checked = false;
  enable(button, false);
  check.addEventListener("change", () => enable(button, check.checked));
  button.addEventListener("click", () => {
    if (!check.checked) check.focus(); // on a small phone it lies below the button
  });
  onPress(the(step, "#consent-decline", HTMLElement), decline);
  return new Promise((resolve) => {
    onPress(button, async () => {
      showTrouble(step, "");
      try {
        await agree(consent.version);
        if (place.checked) await sharePlace();
        resolve(service.value);
      } catch (error) {
        showTrouble(step, sentenceOf(error));
      }
    });
  });
}

/**
 * @param {{ title: string, text: string }} point
 * @param {number} index
 */
function pointRow({ title, text }, index) {
  const row = document.createElement("li");
  const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  icon.setAttribute("class", "icon");
  icon.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${ICONS[index % ICONS.length]}`);
  icon.append(use);
  const name = document.createElement("b");
  name.textContent = title;
  const words = document.createElement("p");
  words.textContent = text;
  row.append(icon, name, words);
  return row;
}
