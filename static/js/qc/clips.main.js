// @ts-check
/** Cutting a coaching clip: where it begins and ends is where the player stands. */
import { clockText } from "../recordings/clock.js";
import { whereMs } from "./where.js";

const root = document.getElementById("clip-cut");
if (root) {
  /** @param {string} name */
  const part = (name) => /** @type {HTMLElement} */ (root.querySelector(`[data-clip-${name}]`));
  const title = /** @type {HTMLInputElement} */ (part("title"));
  const problem = part("problem");
  const span = { from: 0, to: 0 };

  const show = () => {
    part("from").textContent = clockText(span.from);
    part("to").textContent = clockText(span.to);
  };
  root.addEventListener("click", async (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-clip]") : null;
    if (!(button instanceof HTMLButtonElement)) return;
    if (button.dataset.clip === "from") {
      span.from = whereMs();
      if (span.to <= span.from) span.to = span.from + 20_000;
      show();
    } else if (button.dataset.clip === "to") {
      span.to = whereMs();
      show();
    } else {
      const token = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=csrfmiddlewaretoken]"));
      const answer = await fetch(root.dataset.url ?? "", {
        method: "POST",
        headers: { "X-CSRFToken": token?.value ?? "" },
        body: new URLSearchParams({ from_ms: String(span.from), to_ms: String(span.to), title: title.value }),
      });
      problem.hidden = answer.ok;
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        part("list").replaceChildren(...page.body.childNodes);
        title.value = "";
      } else {
        problem.textContent = answer.status === 400 || answer.status === 403 ? (await answer.json()).detail : "保存失败，请重试。";
      }
    }
  });
}
