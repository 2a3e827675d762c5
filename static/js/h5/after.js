// @ts-check
import { onPress, sentenceOf, the, write } from "./dom.js";

const THANKS = ["", "很抱歉让您不满意，我们会改进", "感谢反馈，我们会改进", "感谢您的评价", "感谢您的评价", "感谢您的好评"];

/**
 * One tap says how it was; another tap corrects it.
 * @param {HTMLElement} step
 * @param {{ isOn: boolean, rate: (stars: number) => Promise<void> }} deps
 */
export function mountRating(step, { isOn, rate }) {
  const box = the(step, "#rating", HTMLElement);
  box.hidden = !isOn;
  if (!isOn) return;
  const buttons = [...box.querySelectorAll("button")];
  for (const button of buttons) {
    onPress(button, async () => {
      const stars = Number(button.dataset.stars);
      for (const each of buttons) {
        each.classList.toggle("on", Number(each.dataset.stars) <= stars);
        each.setAttribute("aria-checked", String(each === button));
      }
      try {
        await rate(stars);
        write(step, "#rating-note", THANKS[stars] ?? "");
      } catch (error) {
        write(step, "#rating-note", sentenceOf(error));
      }
    });
  }
}

/** The receipt as a picture, to be kept on the phone. @param {HTMLElement} step */
export function mountReceipt(step) {
  onPress(the(step, "#save-receipt", HTMLElement), async () => {
    const facts = [...step.querySelectorAll(".slip dt")]
      .filter((term) => term instanceof HTMLElement && !term.hidden)
      .map((term) => /** @type {const} */ ([term.textContent ?? "", term.nextElementSibling?.textContent?.trim() ?? ""]));
    const blob = await receiptPicture(the(step, "#completion-message").textContent ?? "", facts);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${the(step, "#receipt-no").textContent?.replaceAll(" ", "-") ?? "receipt"}.png`;
    link.click();
    URL.revokeObjectURL(link.href);
    write(step, "#save-receipt", "已保存，可再存一次");
  });
}

/**
 * @param {string} title
 * @param {readonly (readonly [string, string])[]} facts
 * @returns {Promise<Blob>}
 */
async function receiptPicture(title, facts) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [750, 220 + facts.length * 70];
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#10212b";
  pen.font = "bold 34px sans-serif";
  pen.fillText(title, 50, 100, 650);
  for (const [row, [label, value]] of facts.entries()) {
    pen.font = "28px sans-serif";
    pen.fillText(label, 50, 190 + row * 70, 180);
    pen.fillText(value, 250, 190 + row * 70, 450);
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}
