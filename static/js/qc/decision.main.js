// @ts-check
/** The decision form: reasons only where they are asked for, the score as it will be. */
import { score } from "./score.js";
import { sayWhere } from "./where.js";

sayWhere(document.body);

const form = document.getElementById("decision");
if (form instanceof HTMLFormElement) {
  const reasons = document.getElementById("reasons");
  const points = document.getElementById("points");
  const radios = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[name=move]")]);
  const items = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[name=met]")]);
  const show = () => {
    const chosen = radios.find((radio) => radio.checked)?.value ?? "";
    if (reasons) reasons.hidden = chosen !== "reject" && chosen !== "flag";
    for (const radio of radios) radio.closest(".opt")?.classList.toggle("opt--on", radio.checked);
    if (points) {
      points.textContent = String(
        score(items.map((item) => ({ weight: Number(item.dataset.weight), isFatal: Boolean(item.dataset.fatal), isMet: item.checked }))),
      );
    }
  };
  form.addEventListener("change", show);
  show();
}
