// @ts-check
import { backoffMs } from "../../sdk/backoff.js";
import { MediaConnection } from "../../sdk/media-connection.js";
import { byId, toast } from "./dom.js";
import { backgroundBehind, paintCard, scaleFor } from "./paint.js";
import { draw, Drawing } from "./pen.js";

/** Cards that may be shown. Never hints and marks: they say what the bank doubts. */
const CARDS = ".shot, .party-card, .pane, .script, .case, .dock";
const FRAME_MS = 100;
const MARGIN = 12; // of the card's own background around it
const REPAINT_MS = 500; // what no observer tells: a picture that has loaded, a value typed by script

/**
 * The seat shows one card to everybody and draws on it (WB-8). A connection of its own carries it,
 * so that the camera is not starved.
 * @param {{ ask: (type: string, body?: Record<string, unknown>) => Promise<any> }} socket
 * @param {{ iceServers: RTCIceServer[] }} config
 */
export function mountShare(socket, config) {
  const bar = byId("sharebar");
  const frame = byId("share-frame");
  const overlay = /** @type {HTMLCanvasElement} */ (byId("share-draw"));
  const button = byId("btn-share");
  const drawing = new Drawing();
  const base = document.createElement("canvas");
  const out = document.createElement("canvas");
  /** @type {import("./pen.js").Tool | ""} */
  let tool = "pointer";
  /** @type {HTMLElement | null} */
  let card = null;
  let title = "";
  let isPicking = false;
  let isStale = true;
  let epoch = 0;
  let attempt = 0;
  /** @type {MediaConnection | null} */
  let connection = null;
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let frames = undefined;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let repaints = undefined;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let retry = undefined;
  const observer = new MutationObserver(() => (isStale = true));

  // --- choosing

  function pick() {
    if (card) {
      void stop();
      return;
    }
    isPicking = !isPicking;
    document.body.classList.toggle("is-picking", isPicking);
    if (isPicking) toast("点选要共享的卡片，Esc 取消。客户只会看到这张卡片。");
    else frame.hidden = true;
  }

  /** @param {EventTarget | null} target */
  const cardAt = (target) => (target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest(CARDS)) : null);

  document.addEventListener("pointermove", (event) => {
    if (!isPicking) return;
    const over = cardAt(event.target);
    frame.hidden = !over;
    if (over) lay(frame, over.getBoundingClientRect());
  });
  document.addEventListener(
    "click",
    (event) => {
      if (!isPicking || button.contains(/** @type {Node} */ (event.target))) return;
      event.preventDefault();
      event.stopPropagation();
      const chosen = cardAt(event.target);
      pick();
      if (chosen) void start(chosen);
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isPicking) pick();
  });

  // --- showing

  /** @param {HTMLElement} chosen */
  async function start(chosen) {
    if (card) await stop();
    card = chosen;
    title = titleOf(chosen);
    drawing.clear();
    isStale = true;
    render();
    stream = out.captureStream(1000 / FRAME_MS);
    frames = setInterval(render, FRAME_MS);
    repaints = setInterval(() => (isStale = true), REPAINT_MS);
    observer.observe(chosen, { subtree: true, childList: true, attributes: true, characterData: true });
    chosen.addEventListener("scroll", stale);
    chosen.classList.add("is-shared");
    bar.hidden = overlay.hidden = false;
    button.setAttribute("aria-pressed", "true");
    button.classList.add("ctl__btn--on");
    choose(tool);
    await connect();
  }

  const stale = () => (isStale = true);

  async function connect() {
    clearTimeout(retry);
    if (!card || !stream) return;
    connection?.close();
    const made = new MediaConnection({
      iceServers: config.iceServers,
      remoteSlots: 0,
      local: stream,
      quality: { maxKbps: 600, frameRate: 10 },
      offer: (sdp) => socket.ask("share.start", { title, sdp }),
    });
    connection = made;
    made.addEventListener("connected", () => (attempt = 0));
    made.addEventListener("lost", () => again());
    try {
      await made.connect();
      if (connection === made && made.isOutdated(epoch)) await connect();
    } catch (error) {
      made.close();
      if (connection !== made) return;
      const refusal = /** @type {{ retryable?: boolean, message: string }} */ (error);
      if (refusal.retryable) again();
      else {
        toast(refusal.message, { bad: true });
        leave();
      }
    }
  }

  function again() {
    if (!card) return;
    retry = setTimeout(() => void connect(), backoffMs(attempt));
    attempt += 1;
  }

  async function stop() {
    leave();
    try {
      await socket.ask("share.stop");
    } catch (error) {
      toast(String(/** @type {Error} */ (error).message), { bad: true });
    }
  }

  /** Nothing of the page is looked at any more. */
  function leave() {
    clearInterval(frames);
    clearInterval(repaints);
    clearTimeout(retry);
    observer.disconnect();
    card?.removeEventListener("scroll", stale);
    card?.classList.remove("is-shared");
    card = null;
    connection?.close();
    connection = null;
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    bar.hidden = overlay.hidden = frame.hidden = true;
    button.setAttribute("aria-pressed", "false");
    button.classList.remove("ctl__btn--on");
  }

  function render() {
    if (!card) return;
    const box = boxOf(card);
    if (!card.isConnected || box.width < 2 || box.height < 2) {
      blank(); // its tab is closed: customers see that, and not what took its place
      return;
    }
    const scale = scaleFor(box.width + 2 * MARGIN, box.height + 2 * MARGIN);
    const width = 2 * Math.round(((box.width + 2 * MARGIN) * scale) / 2);
    const height = 2 * Math.round(((box.height + 2 * MARGIN) * scale) / 2);
    const shift = MARGIN * scale;
    if (base.width !== width || base.height !== height) {
      base.width = out.width = width;
      base.height = out.height = height;
      isStale = true;
    }
    const under = /** @type {CanvasRenderingContext2D} */ (base.getContext("2d"));
    if (isStale) {
      isStale = false;
      under.setTransform(1, 0, 0, 1, 0, 0);
      under.fillStyle = backgroundBehind(card);
      under.fillRect(0, 0, width, height);
      under.setTransform(scale, 0, 0, scale, shift, shift);
      paintCard(under, card, box.height);
    }
    const context = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(base, 0, 0);
    context.setTransform(scale, 0, 0, scale, shift, shift - card.scrollTop * scale);
    draw(context, drawing);
    const pixels = devicePixelRatio;
    if (overlay.width !== Math.round(box.width * pixels) || overlay.height !== Math.round(box.height * pixels)) {
      overlay.width = Math.round(box.width * pixels);
      overlay.height = Math.round(box.height * pixels);
    }
    lay(overlay, box);
    lay(frame, box);
    frame.hidden = false;
    const below = box.bottom + 10;
    bar.style.top = `${below + 44 < innerHeight ? below : Math.max(4, box.top - 46)}px`;
    bar.style.right = `${Math.max(4, innerWidth - box.right)}px`;
    const seen = /** @type {CanvasRenderingContext2D} */ (overlay.getContext("2d"));
    seen.setTransform(1, 0, 0, 1, 0, 0);
    seen.clearRect(0, 0, overlay.width, overlay.height);
    seen.setTransform(pixels, 0, 0, pixels, 0, -card.scrollTop * pixels);
    draw(seen, drawing);
  }

  function blank() {
    overlay.hidden = frame.hidden = true;
    const context = /** @type {CanvasRenderingContext2D} */ (out.getContext("2d"));
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#10212b";
    context.fillRect(0, 0, out.width, out.height);
    isStale = true;
  }

  // --- drawing

  /** A tool, or with "" none: the card can be worked with. @param {import("./pen.js").Tool | ""} wanted */
  function choose(wanted) {
    tool = wanted;
    overlay.style.pointerEvents = wanted ? "auto" : "none";
    drawing.pointer = null;
    overlay.hidden = !card;
    for (const each of bar.querySelectorAll("[data-tool]")) {
      each.setAttribute("aria-pressed", String(each instanceof HTMLElement && each.dataset.tool === tool));
    }
  }

  /** @param {PointerEvent} event */
  const pointOf = (event) => {
    const box = overlay.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top + (card?.scrollTop ?? 0) };
  };
  overlay.addEventListener("pointerdown", (event) => {
    overlay.setPointerCapture(event.pointerId);
    if (tool) drawing.begin(tool, pointOf(event));
  });
  overlay.addEventListener("pointermove", (event) => {
    drawing.pointer = tool === "pointer" ? pointOf(event) : null;
    drawing.move(pointOf(event));
  });
  overlay.addEventListener("pointerup", () => drawing.end());
  overlay.addEventListener("pointerleave", () => (drawing.pointer = null));
  overlay.addEventListener("wheel", (event) => card?.scrollBy(0, event.deltaY), { passive: true });
  for (const each of bar.querySelectorAll("[data-tool]")) {
    const named = /** @type {import("./pen.js").Tool} */ (/** @type {HTMLElement} */ (each).dataset.tool);
    each.addEventListener("click", () => choose(tool === named ? "" : named));
  }
  byId("share-undo").addEventListener("click", () => drawing.undo());
  byId("share-clear").addEventListener("click", () => drawing.clear());
  byId("share-stop").addEventListener("click", () => void stop());
  button.addEventListener("click", pick);

  return {
    pick,
    start,
    /** Follow the call to its new media worker. @param {number} fresh */
    move(fresh) {
      epoch = fresh;
      if (card && connection?.isOutdated(epoch)) void connect();
    },
    /** The call is over, or another window has it: nothing is shown any more. */
    leave,
    isOn: () => card !== null,
  };
}

/**
 * The card down to its last content: a pane that is half empty is not shown half empty.
 * @param {HTMLElement} card
 */
function boxOf(card) {
  const box = card.getBoundingClientRect();
  const last = Math.max(box.top, ...[...card.children].map((child) => child.getBoundingClientRect().bottom));
  if (last > box.top + 1 && last < box.bottom) box.height = Math.min(box.height, last + MARGIN - box.top);
  return box;
}

/** @param {HTMLElement} element @param {DOMRect} box */
function lay(element, box) {
  element.style.left = `${box.left}px`;
  element.style.top = `${box.top}px`;
  element.style.width = `${box.width}px`;
  element.style.height = `${box.height}px`;
}

/** What the timeline calls the card. @param {HTMLElement} card */
export function titleOf(card) {
  const named = document.getElementById(card.getAttribute("aria-labelledby") ?? "");
  const heading = card.querySelector("h1, h2, h3, .shot__cap");
  // A heading's chips are no part of its name.
  const text = named?.firstChild?.textContent || card.getAttribute("aria-label") || heading?.firstChild?.textContent || "工作台";
  return text.replaceAll(/\s+/g, " ").trim().slice(0, 40);
}
