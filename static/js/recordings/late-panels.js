// @ts-check
/** Panels of the page that another system fills: each is asked for by itself, and again when asked to. */
import { el } from "../ui/dom.js";

// Longer than the server waits for the bank: whoever says that it did not answer knows.
const ANSWER_MS = 30_000;

/** @param {string} url @returns {Promise<Node[]>} */
async function ask(url) {
  const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_MS) });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return [...new DOMParser().parseFromString(await answer.text(), "text/html").body.childNodes];
}

/**
 * @param {ParentNode} root
 * @param {() => void} onShown something new is there
 */
export function mountLatePanels(root, onShown) {
  for (const panel of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-panel-url]"))) {
    const meanwhile = [...panel.childNodes];
    const heading = panel.querySelector("h2")?.textContent ?? "";
    const show = async () => {
      panel.replaceChildren(...meanwhile);
      panel.ariaBusy = "true";
      const found = await ask(panel.dataset.panelUrl ?? "").catch(() => [
        el("h2", {}, heading),
        el("p", { class: "quiet", role: "status" }, "未能读取，请稍后重试。"),
        el("button", { class: "btn btn--sm", type: "button", "data-panel-again": true }, "重试"),
      ]);
      panel.ariaBusy = "false";
      panel.replaceChildren(...found);
      onShown();
    };
    panel.addEventListener("click", (event) => {
      if (event.target instanceof Element && event.target.closest("[data-panel-again]")) void show();
    });
    void show();
  }
}
