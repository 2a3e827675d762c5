// @ts-check
import { sentenceOf, the } from "./dom.js";

/** @typedef {import("../../sdk/interview-client.js").Message} Message */

/**
 * Written messages during the call.
 * @param {HTMLElement} step
 * @param {(text: string) => Promise<void>} say
 */
export function mountChat(step, say) {
  const panel = the(step, "#chat", HTMLElement);
  const list = the(step, "#messages", HTMLElement);
  const badge = the(step, "#unread", HTMLElement);
  const input = the(step, "#chat-text", HTMLInputElement);
  let seen = 0;
  let total = 0;

  function count() {
    if (!panel.hidden) seen = total;
    badge.hidden = total <= seen;
    badge.textContent = String(total - seen);
  }

  the(step, "#chat-open").addEventListener("click", () => {
    panel.hidden = false;
    count();
    input.focus();
  });
  the(step, "#chat-close").addEventListener("click", () => {
    panel.hidden = true;
  });
  the(step, "#chat-form", HTMLFormElement).addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.setCustomValidity("");
    try {
      await say(text);
      input.value = "";
    } catch (error) {
      input.setCustomValidity(sentenceOf(error));
      input.reportValidity();
    }
  });
  input.addEventListener("input", () => input.setCustomValidity(""));

  return {
    /** @param {Message[]} messages @param {string | null} ownId */
    show(messages, ownId) {
      if (messages.length === total) return;
      total = messages.length;
      list.replaceChildren(
        ...messages.map(({ text, participant_id: from }) => {
          const row = document.createElement("li");
          row.textContent = text;
          row.classList.toggle("is-own", from !== null && from === ownId);
          return row;
        }),
      );
      list.scrollTop = list.scrollHeight;
      count();
    },
  };
}
