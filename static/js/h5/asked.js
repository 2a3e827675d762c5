// @ts-check
import { openDialog } from "./comfort.js";
import { onPress, sentenceOf, the, write } from "./dom.js";

/**
 * @typedef {import("../../sdk/interview-client.js").InterviewClient} InterviewClient
 * @typedef {import("../../sdk/interview-client.js").Card} Card
 * @typedef {import("../../sdk/interview-client.js").StillAsked} StillAsked
 */

/**
 * [label, value] pairs as a list of facts.
 * @param {HTMLElement} list
 * @param {readonly (readonly [string, string])[]} lines
 */
export function showFacts(list, lines) {
  list.replaceChildren(
    ...lines.flatMap(([label, value]) => [
      Object.assign(document.createElement("dt"), { textContent: label }),
      Object.assign(document.createElement("dd"), { textContent: value }),
    ]),
  );
}

/** @param {HTMLElement} step @param {string} selector @param {string} text */
function complain(step, selector, text) {
  const place = the(step, selector, HTMLElement);
  place.textContent = text;
  place.hidden = !text;
}

/** 合同信息, when the person opens it. @param {HTMLElement} step @param {InterviewClient} client */
export function mountContract(step, client) {
  const dialog = the(step, "#contract", HTMLDialogElement);
  onPress(the(step, "#contract-close", HTMLElement), () => dialog.close());
  onPress(the(step, "#contract-open", HTMLElement), async () => {
    openDialog(step, "#contract");
    complain(step, "#contract-trouble", "");
    try {
      const contract = await client.contract();
      write(step, "#contract-no", `合同号 ${contract.contract_no}`);
      showFacts(the(step, "#contract-lines", HTMLElement), contract.lines);
    } catch (error) {
      complain(step, "#contract-trouble", sentenceOf(error));
    }
  });
}

/**
 * The confirm card: it stays until it is answered or taken away.
 * @param {HTMLElement} step
 * @param {InterviewClient} client
 * @param {(button: HTMLElement, text: string) => void} read
 */
export function mountCard(step, client, read) {
  const dialog = the(step, "#card", HTMLDialogElement);
  /** @type {Card | null} */
  let card = null;
  dialog.addEventListener("cancel", (event) => event.preventDefault());

  /** @param {boolean} accepted */
  async function answer(accepted) {
    if (!card) return;
    complain(step, "#card-trouble", "");
    try {
      await client.answerCard(card, accepted);
      dialog.close();
    } catch (error) {
      complain(step, "#card-trouble", sentenceOf(error));
    }
  }

  onPress(the(step, "#card-yes", HTMLElement), () => answer(true));
  onPress(the(step, "#card-no", HTMLElement), () => answer(false));
  const readButton = the(step, "#card-read", HTMLElement);
  onPress(readButton, () => {
    if (card) read(readButton, [card.title, ...card.lines.map(([label, value]) => `${label}，${value}`)].join("。"));
  });

  return {
    /** @param {Card | null} fresh */
    show(fresh) {
      const isOpen = fresh !== null && fresh.accepted === null;
      if (fresh && fresh.id !== card?.id) {
        complain(step, "#card-trouble", "");
        write(step, "#card-title", fresh.title);
        showFacts(the(step, "#card-lines", HTMLElement), fresh.lines);
      }
      card = fresh;
      if (isOpen) openDialog(step, "#card");
      else if (dialog.open) dialog.close();
    },
  };
}

/** The seat asks for a picture. @param {HTMLElement} step @param {InterviewClient} client */
export function mountStill(step, client) {
  const dialog = the(step, "#still", HTMLDialogElement);
  const progress = the(step, "#still-progress", HTMLProgressElement);
  /** @type {StillAsked | null} */
  let asked = null;
  dialog.addEventListener("cancel", (event) => event.preventDefault());

  client.addEventListener("still", (event) => {
    asked = /** @type {CustomEvent} */ (event).detail;
    write(step, "#still-title", `请拍照：${asked?.kind_label ?? ""}`);
    write(step, "#still-word", "请对准、拿稳，看清文字后点“拍照”。");
    progress.hidden = true;
    step.toggleAttribute("data-still", true); // the own picture large: that is what is taken
    dialog.show();
  });
  dialog.addEventListener("close", () => step.toggleAttribute("data-still", false));
  onPress(the(step, "#still-take", HTMLElement), async () => {
    if (!asked) return;
    write(step, "#still-word", "正在发送，请稍候…");
    progress.removeAttribute("value");
    progress.hidden = false;
    try {
      await client.sendStill(asked);
      dialog.close();
    } catch (error) {
      write(step, "#still-word", sentenceOf(error));
    } finally {
      progress.hidden = true;
    }
  });
  onPress(the(step, "#still-flip", HTMLElement), async () => {
    the(step, "#flip", HTMLElement).click();
  });
  onPress(the(step, "#still-no", HTMLElement), async () => {
    if (asked) await client.refuseStill(asked).catch((error) => write(step, "#still-word", sentenceOf(error)));
    dialog.close();
  });

  return {
    /** @param {StillAsked | null} fresh */
    show(fresh) {
      if (!fresh && dialog.open) dialog.close();
      if (!fresh) asked = null;
    },
  };
}
