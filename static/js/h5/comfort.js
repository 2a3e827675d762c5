// @ts-check
import { the } from "./dom.js";

const KEPT_LARGE = "interview-large";

/**
 * Large text and reading aloud, on every screen.
 * @param {HTMLElement} root
 * @param {{ kept: Storage, speech?: SpeechSynthesis }} deps
 */
export function mountComfort(root, { kept, speech = globalThis.speechSynthesis }) {
  const body = root.ownerDocument.body;
  /** @param {boolean} isLarge */
  function setLarge(isLarge) {
    body.toggleAttribute("data-large-text", isLarge);
    for (const button of root.querySelectorAll("[data-large]")) button.setAttribute("aria-pressed", String(isLarge));
  }

  for (const button of root.querySelectorAll("[data-large]")) {
    button.addEventListener("click", () => {
      const isLarge = !body.hasAttribute("data-large-text");
      setLarge(isLarge);
      kept.setItem(KEPT_LARGE, isLarge ? "1" : "");
    });
  }
  setLarge(kept.getItem(KEPT_LARGE) === "1");

  for (const button of root.querySelectorAll("[data-read]")) {
    if (!(button instanceof HTMLElement)) continue;
    button.hidden = !speech;
    button.addEventListener("click", () => {
      const step = button.closest("[data-step]");
      if (step instanceof HTMLElement) toggle(button, readable(step));
    });
  }

  /** @type {HTMLElement | null} */
  let reading = null;

  function stop() {
    speech?.cancel();
    reading?.setAttribute("aria-pressed", "false");
    reading = null;
  }

  /** Read, or stop reading. @param {HTMLElement} button @param {string} text */
  function toggle(button, text) {
    const isOn = reading === button;
    stop();
    if (isOn || !speech) return;
    reading = button;
    button.setAttribute("aria-pressed", "true");
    const words = Object.assign(new SpeechSynthesisUtterance(text), { lang: "zh-CN", rate: 0.9 });
    words.addEventListener("end", () => {
      if (reading === button) stop();
    });
    speech.speak(words);
  }

  return { toggle, stop };
}

/** What a screen says, in order, without what only looks. @param {HTMLElement} step */
export function readable(step) {
  const body = step.querySelector(".cstep__body, .lost") ?? step;
  const lines = /** @type {HTMLElement} */ (body).innerText ?? body.textContent ?? "";
  return lines
    .split(/\n+/)
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("。");
}

/**
 * Keep the screen on while somebody waits or talks; asked for again after the page was hidden.
 * @param {{ isWanted: () => boolean, navigator?: Navigator, document?: Document }} deps
 */
export function keepAwake({ isWanted, navigator: own = navigator, document: page = document }) {
  /** @type {WakeLockSentinel | null} */
  let lock = null;
  async function look() {
    if (!isWanted() || page.visibilityState !== "visible") {
      await lock?.release();
      lock = null;
      return;
    }
    if (lock && !lock.released) return;
    try {
      lock = (await own.wakeLock?.request("screen")) ?? null;
    } catch {
      lock = null; // low battery: the system decides
    }
  }
  page.addEventListener("visibilitychange", () => void look());
  return look;
}

/**
 * Ask before the page is closed or left by the back key while something would be lost.
 * @param {{ isNeeded: () => boolean, ask: () => void, page?: Window }} deps
 */
export function guardLeaving({ isNeeded, ask, page = window }) {
  page.addEventListener("beforeunload", (event) => {
    if (isNeeded()) event.preventDefault();
  });
  page.history.pushState({ guarded: true }, "");
  page.addEventListener("popstate", () => {
    if (!isNeeded()) {
      page.history.back();
      return;
    }
    page.history.pushState({ guarded: true }, "");
    ask();
  });
}

/** The seat is about to answer: a sound, and a shake where the phone can. @param {Navigator} own */
export function shake(own) {
  own.vibrate?.([200, 100, 200]);
}

/** @param {HTMLElement} step @param {string} selector */
export function openDialog(step, selector) {
  const dialog = the(step, selector, HTMLDialogElement);
  if (!dialog.open) dialog.showModal();
  return dialog;
}
