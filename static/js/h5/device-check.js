// @ts-check
import { levelMeter, openDevices } from "../../sdk/devices.js";
import { hostOf, remediesFor } from "../../sdk/remedies.js";
import { enable, onPress, sentenceOf, showTrouble, the, write } from "./dom.js";
import { chime } from "../ui/chime.js";

const HEARD_LEVEL = 0.15; // of speech at arm's length
const CHIMES_ENOUGH = 2; // whoever hears nothing twice may go on, and the seat is told
const GRADES = /** @type {Record<string, string>} */ ({ good: "良好 ✓", fair: "一般", poor: "较差", failed: "不通" });

/**
 * @typedef {import("../../sdk/network-test.js").NetworkResult} NetworkResult
 * @typedef {{ stream: MediaStream, microphone: boolean, speaker: boolean, network: NetworkResult | null }} Checked
 * @typedef {() => Promise<{ call_url: string, qr: string }>} HandOver
 */

/**
 * See yourself, say a word, hear a chime, try the network on the way the call will take. Resolves
 * when the person goes on.
 * @param {HTMLElement} step
 * @param {{
 *   testNetwork: ((stream: MediaStream, progress: (share: number) => void) => Promise<NetworkResult>) | null,
 *   handOver: HandOver | null,
 *   goOn: string,
 *   wish?: { width?: number, height?: number, frameRate?: number },
 *   failed?: (code: string) => void,
 * }} deps `handOver` answers the link for another phone and its QR code
 * @returns {Promise<Checked>}
 */
export function mountDeviceCheck(step, { testNetwork, handOver, goOn, wish = {}, failed = () => undefined }) {
  const video = the(step, "#device-preview", HTMLVideoElement);
  const ok = the(step, "#device-ok", HTMLElement);
  const again = the(step, "#device-retry", HTMLElement);
  const host = hostOf(navigator.userAgent);
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {ReturnType<typeof levelMeter> | null} */
  let meter = null;
  /** @type {NetworkResult | null} */
  let network = null;
  let isTesting = false;
  let isSpoken = false;
  let isHeard = false;
  let chimes = 0;
  let frame = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let lightTimer;

  function settle() {
    const isReady = stream !== null && !isTesting && (isHeard || chimes >= CHIMES_ENOUGH);
    enable(ok, isReady);
    write(step, "#device-ok", isReady ? goOn : stream === null || isTesting ? "检查中…" : "请先听铃声");
  }

  /** @param {string} code @param {string} sentence */
  function remedy(code, sentence) {
    const steps = remediesFor(code, host);
    showTrouble(step, sentence);
    the(step, "#remedy", HTMLElement).hidden = !sentence;
    the(step, "#bring", HTMLElement).hidden = Boolean(sentence);
    the(step, "#remedies").replaceChildren(
      ...steps.map((text) => Object.assign(document.createElement("li"), { textContent: text })),
    );
    again.hidden = !sentence;
    if (sentence) the(step, "#remedy").scrollIntoView({ block: "nearest" });
  }

  async function look() {
    remedy("", "");
    try {
      if (!stream?.getTracks().every((track) => track.readyState === "live")) stream = await openDevices(wish);
    } catch (error) {
      const code = error instanceof Error && "code" in error ? String(error.code) : "";
      write(step, "#camera-result", "");
      remedy(code, sentenceOf(error));
      void otherPhone(); // this one may not see for good
      failed(code);
      return;
    }
    video.srcObject = stream;
    write(step, "#camera-result", "正常 ✓");
    await meter?.close();
    meter = levelMeter(stream);
    cancelAnimationFrame(frame);
    draw();
    clearInterval(lightTimer);
    lightTimer = setInterval(() => showLight(step, video), 800);
    if (chimes === 0) void ring();
    await tryNetwork();
  }

  async function tryNetwork() {
    if (!testNetwork || !stream || isTesting) return;
    isTesting = true;
    settle();
    const bar = the(step, "#network-progress", HTMLElement);
    bar.hidden = false;
    the(step, "#network-test", HTMLElement).hidden = false;
    write(step, "#network-result", "");
    try {
      network = await testNetwork(stream, (share) => {
        showLevel(bar, share);
        write(step, "#network-word", "正在测网络");
      });
      showGrade(step, network.grade, GRADES[network.grade] ?? "");
      if (network.grade === "poor" || network.grade === "failed") remedy("network", "网络较差，通话可能卡顿或中断。");
    } catch (error) {
      // Nobody to test with is no fault of the person's network.
      showGrade(step, "unknown", "未测");
      if (!(error instanceof Error) || error.name !== "InterviewError") throw error;
      remedy("untested", sentenceOf(error));
    } finally {
      isTesting = false;
      bar.hidden = true;
      write(step, "#network-word", "网络");
      settle();
    }
  }

  async function ring() {
    await chime();
    chimes += 1;
    enable(the(step, "#heard", HTMLElement), true);
    write(step, "#chime", "再放一次");
    settle();
  }

  function draw() {
    if (!meter) return;
    const level = meter.level();
    showLevel(the(step, "#microphone-level", HTMLElement), level);
    if (level > HEARD_LEVEL && !isSpoken) {
      isSpoken = true;
      write(step, "#microphone-result", "正常 ✓");
    }
    frame = requestAnimationFrame(draw);
  }

  onPress(again, look);
  onPress(the(step, "#chime", HTMLElement), ring);
  onPress(the(step, "#heard", HTMLElement), () => {
    isHeard = true;
    write(step, "#speaker-result", "听到 ✓");
    the(step, "#speaker-acts", HTMLElement).hidden = true;
    settle();
  });
  const otherPhone = mountOtherPhone(step, handOver);
  the(step, "#speaker-acts", HTMLElement).hidden = isHeard;
  settle();
  void look();
  return new Promise((resolve) => {
    onPress(ok, async () => {
      if (!stream) return;
      cancelAnimationFrame(frame);
      clearInterval(lightTimer);
      await meter?.close();
      meter = null;
      video.srcObject = null;
      resolve({ stream, microphone: isSpoken, speaker: isHeard, network });
    });
  });
}

/**
 * A QR code for another phone, and the link to be sent to it.
 * @param {HTMLElement} step @param {HandOver | null} handOver
 * @returns {() => Promise<void>} opens it, unless it is open
 */
function mountOtherPhone(step, handOver) {
  const button = the(step, "#other-phone", HTMLElement);
  const box = the(step, "#elsewhere", HTMLElement);
  const field = the(step, "#elsewhere-link", HTMLInputElement);
  const code = the(step, "#elsewhere-qr", HTMLImageElement);
  button.hidden = !handOver;
  if (!handOver) return async () => undefined;
  async function show() {
    const { call_url, qr } = await /** @type {HandOver} */ (handOver)();
    field.value = call_url;
    code.src = qr;
    box.hidden = false;
  }
  onPress(button, async () => {
    try {
      await show();
    } catch (error) {
      the(step, "#remedy", HTMLElement).hidden = false;
      showTrouble(step, sentenceOf(error));
      return;
    }
    box.scrollIntoView({ block: "nearest" });
  });
  onPress(the(step, "#elsewhere-copy", HTMLElement), async () => {
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      write(step, "#elsewhere-copy", "已复制");
    } catch {
      write(step, "#elsewhere-copy", "请长按链接复制"); // hosts that forbid the clipboard
    }
  });
  return async () => {
    if (!box.hidden) return;
    await show().catch((error) => {
      if (!(error instanceof Error) || error.name !== "InterviewError") throw error; // the button tells why
    });
  };
}

/** @param {HTMLElement} step @param {string} grade @param {string} word */
function showGrade(step, grade, word) {
  the(step, "#network-result", HTMLElement).dataset.grade = grade;
  write(step, "#network-result", word);
}

/** @param {HTMLElement} bar @param {number} level 0 to 1 */
function showLevel(bar, level) {
  const percent = Math.round(level * 100);
  bar.setAttribute("aria-valuenow", String(percent));
  const fill = bar.querySelector("i");
  if (fill) fill.style.width = `${percent}%`;
}

/** @param {HTMLElement} step @param {HTMLVideoElement} video */
function showLight(step, video) {
  if (!video.videoWidth) return;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [32, 24];
  const context = canvas.getContext("2d");
  if (!context) return;
  context.drawImage(video, 0, 0, 32, 24);
  const word = the(step, "#light-word", HTMLElement);
  word.hidden = false;
  write(step, "#light-word", lightWord(context.getImageData(0, 0, 32, 24).data));
}

/**
 * Whether the light is right for a face.
 * @param {ArrayLike<number>} rgba
 */
export function lightWord(rgba) {
  let sum = 0;
  for (let at = 0; at < rgba.length; at += 4) {
    sum += 0.299 * Number(rgba[at]) + 0.587 * Number(rgba[at + 1]) + 0.114 * Number(rgba[at + 2]);
  }
  const mean = sum / (rgba.length / 4);
  if (mean < 50) return "光线太暗，请面向光亮处";
  return mean > 225 ? "光线太强，请避开强光" : "光线合适，请把脸放在框内";
}
