// @ts-check
import { levelMeter, openDevices } from "../../sdk/devices.js";
import { enable, onPress, sentenceOf, showTrouble, the } from "./dom.js";

/**
 * See yourself, say a word. Resolves with the stream when the person is content.
 * @param {HTMLElement} step
 * @returns {Promise<MediaStream>}
 */
export function mountDeviceCheck(step) {
  const video = the(step, "#device-preview", HTMLVideoElement);
  const ok = the(step, "#device-ok", HTMLElement);
  const again = the(step, "#device-retry", HTMLElement);
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {{ level: () => number, close: () => Promise<void>, resume: () => Promise<void> } | null} */
  let meter = null;
  let frame = 0;

  async function look() {
    showTrouble(step, "");
    again.hidden = true;
    try {
      stream = await openDevices();
    } catch (error) {
      showTrouble(step, sentenceOf(error));
      again.hidden = false;
      return;
    }
    video.srcObject = stream;
    the(step, "#camera-result").textContent = "正常 ✓";
    meter = levelMeter(stream);
    enable(ok, true);
    draw();
  }

  function draw() {
    if (!meter) return;
    showLevel(the(step, "#microphone-level", HTMLElement), meter.level());
    frame = requestAnimationFrame(draw);
  }

  onPress(again, look);
  void look();
  return new Promise((resolve) => {
    onPress(ok, async () => {
      if (!stream) return;
      cancelAnimationFrame(frame);
      await meter?.close();
      meter = null;
      video.srcObject = null;
      resolve(stream);
    });
  });
}

/** @param {HTMLElement} bar @param {number} level 0 to 1 */
function showLevel(bar, level) {
  const percent = Math.round(level * 100);
  bar.setAttribute("aria-valuenow", String(percent));
  const fill = bar.querySelector("i");
  if (fill) fill.style.width = `${percent}%`;
}
