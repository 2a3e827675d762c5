// @ts-check
/**
 * The player of a call: all raw tracks in step, the composed copy or its reel, with the call's timeline.
 * The same in the seat's review, in 质检 and in 视频管理.
 */
import { clock as clockShort, el, icon } from "../ui/dom.js";
import { CallClock, awayMs, byParticipant, placement, rescuedAt } from "./clock.js";
import { readAgain } from "./keep-open.js";
import { mountKeys } from "./keys.js";
import { Watched, momentsOf, neighbour } from "./marks.js";
import { isShown, within } from "./reel.js";
import { mountTimeline } from "./timeline.js";

/** @typedef {import("./clock.js").Review} Review */
/** @typedef {import("./clock.js").Track} Track */
/** @typedef {import("./clock.js").Mark} Mark */
/**
 * A part and where it is shown; `media` while the clock is near it. `badge` says who recorded it.
 * @typedef {{track: Track, place: HTMLElement, media: HTMLMediaElement | null, sound: {volume: number},
 *   badge?: HTMLElement}} Lane
 */
/** @typedef {"tracks" | "composed" | "reel"} Shown */

const TICK_MS = 100;
const FRAME_MS = 40;
// Half an hour of nine people are hundreds of parts: only those near the clock are read. A part is
// there before it is needed, and stays for who goes back a little.
const NEAR_MS = 10_000;
const FAR_MS = 15_000;
const RATES = [0.5, 1, 1.5, 2];
const WATERMARK_EVERY_TICKS = 200;
const TAGS = new Set(["tag"]);
const GAPS = new Set(["gap"]);
const ALL = new Set(["tag", "gap", "snapshot", "step", "mute"]);

/**
 * @param {HTMLElement} root
 * @param {Review} view as `review.json` answers
 * @param {{now?: () => number, watermark?: string, onWatched?: (spans: [number, number][]) => void,
 *   onRefused?: () => void}} [options]
 *   `watermark` names the viewer and moves over the pictures; `onWatched` hears every 15 s, and at
 *   the end, what was watched (spans in ms of the call); `onRefused` hears that a file could not be
 *   read, as when the ticket ran out while the machine slept: `renew` goes on with a new one
 */
export function mountPlayer(root, view, options = {}) {
  const clock = new CallClock(view.duration_ms, options.now ?? (() => performance.now()));
  let moments = momentsOf(view.events);
  const watched = new Watched();
  const abort = new AbortController();

  const wall = el("div", { class: "player__wall" });
  let latest = view; // with addresses that still hold
  /** @type {Shown} */
  const whole = view.tracks.length === 0 ? "composed" : "tracks";
  /** @type {Shown} */
  let shown = whole;
  /** @type {Lane[]} */
  let lanes = [];
  const mark = el("span", { class: "player__mark", "aria-hidden": "true" }, options.watermark ?? "");
  const stage = el("div", { class: "player__stage" }, wall, mark);
  mark.hidden = !options.watermark;

  const go = button("player__btn player__btn--go", "play", "播放");
  const time = el("span", { class: "player__time" });
  const speed = el("span", { class: "player__speed", role: "group", "aria-label": "速度" });
  for (const rate of RATES) {
    const choice = el("button", { type: "button", "aria-pressed": String(rate === 1) }, `${rate}×`);
    choice.addEventListener("click", () => setRate(rate));
    speed.append(choice);
  }
  const composed = said("合成画面", () => choose("composed"));
  composed.title = "合成的一路画面，带时间、水印与定位；再按回到分轨";
  const reel = said("要点集锦", () => choose("reel"));
  reel.title = "只播放必做话术步骤，未重新编码；再按回到完整录像";
  const bar = el(
    "div", { class: "player__bar", role: "toolbar", "aria-label": "播放控制" },
    go,
    press("back5", "后退 5 秒", () => seek(clock.atMs - 5000)),
    press("fwd5", "前进 5 秒", () => seek(clock.atMs + 5000)),
    press("bstep", "上一帧", () => step(-1)),
    press("fstep", "下一帧", () => step(1)),
    time,
    el("span", { class: "grow" }),
    composed,
    reel,
    said("下一标签", () => jump(TAGS)),
    said("下一中断", () => jump(GAPS)),
    speed,
    press("expand", "全屏", () => void (document.fullscreenElement ? document.exitFullscreen() : stage.requestFullscreen())),
  );
  const timeline = mountTimeline(view, (ms) => visit(ms));
  timeline.show(moments);
  root.replaceChildren(el("div", { class: "player" }, stage, bar), timeline.root);

  const stretches = () => latest.reel?.stretches ?? [];

  /** What there is to choose from. */
  function offer() {
    composed.hidden = !latest.composed_url || view.tracks.length === 0;
    reel.hidden = latest.reel?.state !== "made";
  }
  offer();

  /** Another one, or the whole recording again. @param {Shown} asked */
  function choose(asked) {
    shown = shown === asked ? whole : asked;
    lay();
    if (shown === "reel") rewind();
    sync();
  }

  /** From behind the reel's end to its begin. */
  function rewind() {
    const [first] = stretches();
    if (first && !within(stretches(), clock.atMs)) clock.seek(first.from_ms);
  }

  /** Among the reel's stretches: on to the next one, and to a stop behind the last. */
  function follow() {
    const now = clock.atMs;
    const at = within(stretches(), now);
    if (!at) return clock.pause();
    if (at.atMs > now) {
      watched.see(now, false);
      clock.seek(at.atMs);
    }
    const { from_ms, to_ms, at_ms } = at.stretch;
    for (const { track } of lanes) Object.assign(track, { start_ms: from_ms - at_ms, shown_from_ms: from_ms, shown_until_ms: to_ms });
  }

  /** The tracks apart, the copy made of them, or its reel. */
  function lay() {
    drop(lanes);
    wall.replaceChildren();
    lanes = shown === "tracks" ? rawLanes(wall, latest) : oneLane(wall, latest, shown);
    composed.setAttribute("aria-pressed", String(shown === "composed"));
    reel.setAttribute("aria-pressed", String(shown === "reel"));
  }
  lay();

  /**
   * The element of a part that is near, and none of one that is far.
   * @param {Lane} lane
   * @param {number} atMs
   */
  function mediaNear(lane, atMs) {
    const away = awayMs(lane.track, atMs);
    if (lane.media && away > FAR_MS * clock.rate) drop([lane]);
    else if (!lane.media && away <= NEAR_MS * clock.rate) {
      lane.media = mediaOf(lane.track);
      lane.media.volume = lane.sound.volume;
      lane.media.addEventListener("error", () => options.onRefused?.(), { signal: abort.signal });
      lane.place.append(lane.media);
    }
    return lane.media;
  }

  let ticks = 0;
  /** @type {number | null} */
  let stopMs = null; // the end of a stretch that is shown
  function sync() {
    if (shown === "reel") follow();
    if (clock.playing && clock.atMs >= clock.durationMs) clock.pause();
    if (clock.playing && stopMs !== null && clock.atMs >= stopMs) {
      clock.pause();
      stopMs = null;
    }
    const atMs = clock.atMs;
    const rescued = rescuedAt(view.tracks, atMs);
    for (const lane of lanes) {
      const { track, badge } = lane;
      if (badge) badge.hidden = !rescued.has(track.participant_id);
      const media = mediaNear(lane, atMs);
      if (!media) continue;
      const placed = placement(track, atMs, media.currentTime * 1000, clock.playing);
      const active = placed.active && (Boolean(track.source) || !rescued.has(track.participant_id));
      const seekMs = active ? placed.seekMs : null;
      if (media instanceof HTMLVideoElement) media.hidden = !active;
      if (seekMs !== null) media.currentTime = seekMs / 1000;
      if (media.playbackRate !== clock.rate) media.playbackRate = clock.rate;
      if (active && clock.playing && media.paused) {
        // Refused without a gesture, or overtaken by a pause: the next tick tries again.
        media.play().catch(() => undefined);
      } else if ((!active || !clock.playing) && !media.paused) {
        media.pause();
      }
    }
    watched.see(atMs, clock.playing, 1000 * clock.rate);
    go.replaceChildren(icon(clock.playing ? "pause" : "play"));
    go.setAttribute("aria-label", clock.playing ? "暂停" : "播放");
    time.replaceChildren(el("b", {}, clockShort(atMs / 1000)), ` / ${clockShort(view.duration_ms / 1000)}`);
    timeline.at(atMs);
    ticks += 1;
    if (ticks % WATERMARK_EVERY_TICKS === 1) moveMark(mark, ticks);
    if (ticks % 150 === 0) tellWatched();
  }

  function tellWatched() {
    const spans = watched.take();
    if (spans.length) options.onWatched?.(spans);
  }
  /** @param {number} ms */
  function seek(ms) {
    clock.seek(ms);
    sync();
  }
  /** A moment somebody wants to see: what the reel leaves out is in the whole recording. @param {number} ms */
  function visit(ms) {
    if (shown === "reel" && !isShown(stretches(), ms)) choose(whole);
    seek(ms);
  }
  /** @param {number} frames */
  function step(frames) {
    clock.pause();
    seek(clock.atMs + frames * FRAME_MS);
  }
  /**
   * @param {ReadonlySet<string>} kinds
   * @param {boolean} [back]
   */
  function jump(kinds, back = false) {
    const moment = neighbour(moments, clock.atMs, { back, kinds });
    if (moment) visit(moment.atMs);
  }
  /** @param {number} rate */
  function setRate(rate) {
    clock.setRate(rate);
    RATES.forEach((each, index) => speed.children[index]?.setAttribute("aria-pressed", String(each === rate)));
    sync();
  }
  function toggle() {
    if (shown === "reel") rewind();
    if (clock.playing) clock.pause();
    else clock.play();
    sync();
  }

  go.addEventListener("click", toggle);
  mountKeys(root, abort.signal, {
    toggle,
    by: (ms) => seek(clock.atMs + ms),
    frame: step,
    next: () => jump(ALL),
    previous: () => jump(ALL, true),
    faster: () => setRate(RATES[Math.min(RATES.length - 1, RATES.indexOf(clock.rate) + 1)] ?? 1),
    slower: () => setRate(RATES[Math.max(0, RATES.indexOf(clock.rate) - 1)] ?? 1),
  });
  addEventListener("pagehide", tellWatched, { signal: abort.signal });
  const timer = window.setInterval(sync, TICK_MS);
  seek(firstPictureMs(view.tracks)); // the call's clock runs before the first picture comes

  return {
    seek,
    toggle,
    /**
     * Go there; with an end, playing stops at it.
     * @param {number} ms
     * @param {number | null} untilMs
     */
    show(ms, untilMs) {
      stopMs = untilMs;
      visit(ms);
    },
    get atMs() {
      return clock.atMs;
    },
    /**
     * Addresses with a living ticket; what could not be read is read again with a new one.
     * @param {Review} fresh
     */
    renew(fresh) {
      latest = fresh;
      offer();
      const urls = [...fresh.tracks.map((track) => track.url), fresh.composed_url ?? "", fresh.reel?.url ?? ""];
      const living = new Map(urls.map((url) => [url.split("?")[0], url]));
      for (const { track, media } of lanes) {
        const url = living.get(track.url.split("?")[0]);
        if (!url) continue;
        const again = media?.error ? readAgain(track.url, url) : null;
        track.url = url;
        if (media && again) media.src = again;
      }
      sync();
    },
    /** @param {readonly Mark[]} events tags may be added while one looks */
    showEvents(events) {
      moments = momentsOf(events);
      timeline.show(moments);
    },
    destroy() {
      window.clearInterval(timer);
      abort.abort();
      tellWatched();
      drop(lanes);
      root.replaceChildren();
    },
  };
}

/** Nothing is read of them any more. @param {readonly Lane[]} lanes */
function drop(lanes) {
  for (const lane of lanes) {
    if (!lane.media) continue;
    lane.media.pause();
    lane.media.removeAttribute("src");
    lane.media.load();
    lane.media.remove();
    lane.media = null;
  }
}

/**
 * The composed copy, or its reel, as one lane.
 * @param {HTMLElement} wall
 * @param {Review} view
 * @param {Shown} shown
 * @returns {Lane[]}
 */
function oneLane(wall, view, shown) {
  const url = shown === "reel" ? view.reel?.url : view.composed_url;
  if (!url) return [];
  wall.dataset.tiles = "1";
  wall.classList.remove("player__wall--big");
  const track = /** @type {Track} */ ({
    participant_id: "", name: "", role: "", end_ms: view.duration_ms + 1,
    kind: view.composed_mime?.startsWith("audio/") ? "audio" : "video",
    start_ms: view.composed_starts_at_ms ?? 0,
    url, mime: view.composed_mime ?? "video/mp4",
  });
  const place = el("figure", { class: "player__tile" });
  wall.append(place);
  return [{ track, place, media: null, sound: { volume: 1 } }];
}

/**
 * A tile a person; all parts of the person's tracks are shown in it.
 * @param {HTMLElement} wall
 * @param {Review} view
 */
function rawLanes(wall, view) {
  /** @type {Lane[]} */
  const lanes = [];
  for (const { name, role, tracks } of byParticipant(view.tracks)) {
    const place = el("div");
    const tile = el("figure", { class: "player__tile" }, el("div", { class: "player__none" }, "无画面"), place);
    const badge = el("span", { class: "player__rescued", title: "断网时段，由客户手机自行录制后补传" }, "客户端补录");
    badge.hidden = true;
    const sound = { volume: 1 };
    const mine = tracks.map((track) => ({
      track, place, sound, media: /** @type {HTMLMediaElement | null} */ (null), badge: track.source ? badge : undefined,
    }));
    lanes.push(...mine);
    tile.append(badge);
    const volume = /** @type {HTMLInputElement} */ (
      el("input", { type: "range", min: "0", max: "100", value: "100", "aria-label": `${name} 音量` })
    );
    volume.addEventListener("input", () => {
      sound.volume = Number(volume.value) / 100;
      for (const { media } of mine) if (media) media.volume = sound.volume;
    });
    const big = el("button", { class: "player__name", type: "button", title: "放大 / 还原" }, [name, role].filter(Boolean).join(" · "));
    big.addEventListener("click", () => {
      const isBig = tile.classList.toggle("player__tile--big");
      for (const other of wall.children) if (other !== tile) other.classList.remove("player__tile--big");
      wall.classList.toggle("player__wall--big", isBig);
    });
    const caption = el("figcaption", { class: "player__caption" }, big);
    if (tracks.some((track) => track.kind === "audio" || track.source)) caption.append(el("label", { class: "player__vol" }, icon("vol"), volume));
    tile.append(caption);
    wall.append(tile);
  }
  wall.dataset.tiles = String(wall.children.length);
  return lanes;
}

/**
 * Where everybody has a picture, or somebody when the others came much later.
 * @param {readonly Track[]} tracks
 */
function firstPictureMs(tracks) {
  /** @type {Map<string, number>} */
  const firsts = new Map();
  for (const track of tracks) {
    if (track.kind !== "video") continue;
    firsts.set(track.participant_id, Math.min(track.start_ms, firsts.get(track.participant_id) ?? Infinity));
  }
  const starts = [...firsts.values()];
  if (!starts.length) return 0;
  const soon = Math.min(...starts) + 5000;
  return Math.max(0, ...starts.filter((ms) => ms <= soon));
}

/** @param {Track} track */
function mediaOf(track) {
  const media = document.createElement(track.kind);
  media.src = track.url;
  media.preload = "auto";
  media.hidden = true;
  if (media instanceof HTMLVideoElement) media.playsInline = true;
  return media;
}

/**
 * Elsewhere on the picture every 20 s, so that it cannot be covered.
 * @param {HTMLElement} mark
 * @param {number} ticks
 */
function moveMark(mark, ticks) {
  const turn = Math.floor(ticks / WATERMARK_EVERY_TICKS);
  mark.style.setProperty("left", `${8 + ((turn * 37) % 60)}%`);
  mark.style.setProperty("top", `${10 + ((turn * 53) % 70)}%`);
}

/**
 * @param {string} look
 * @param {string} name
 * @param {string} label
 */
function button(look, name, label) {
  return el("button", { class: look, type: "button", "aria-label": label, title: label }, icon(name));
}

/**
 * @param {string} name
 * @param {string} label
 * @param {() => void} act
 */
function press(name, label, act) {
  const made = button("player__btn", name, label);
  made.addEventListener("click", act);
  return made;
}

/**
 * @param {string} label
 * @param {() => void} act
 */
function said(label, act) {
  const made = el("button", { class: "player__btn", type: "button" }, label);
  made.addEventListener("click", act);
  return made;
}
