// @ts-check
/**
 * The instant review: all raw tracks of a call in sync, within seconds of hanging up.
 */
import { CallClock, clockText, placement } from "./clock.js";

/** @typedef {import("./clock.js").Review} Review */
/** @typedef {import("./clock.js").Track} Track */

const TICK_MS = 100;

/**
 * Build the player inside `root`. Later parts of a track have elements of their own in the same tile.
 * @param {HTMLElement} root
 * @param {Review} view as `review.json` answers
 * @param {{now?: () => number, setInterval?: typeof window.setInterval}} [deps]
 * @returns {{seek: (ms: number) => void, play: () => void, pause: () => void, destroy: () => void}}
 */
export function mountReview(root, view, deps = {}) {
  const clock = new CallClock(view.duration_ms, deps.now ?? (() => performance.now()));
  const wall = element("div", "review__wall");
  /** @type {{track: Track, media: HTMLMediaElement, card: HTMLElement|null}[]} */
  const lanes = [];
  for (const { name, role, tracks } of byParticipant(view.tracks)) {
    const tile = element("figure", "review__tile");
    const card = element("div", "review__card");
    card.textContent = "无画面";
    tile.append(card);
    for (const track of tracks) {
      const media = document.createElement(track.kind);
      media.src = track.url;
      media.preload = "auto";
      media.hidden = true;
      if (media instanceof HTMLVideoElement) media.playsInline = true;
      tile.append(media);
      lanes.push({ track, media, card: track.kind === "video" ? card : null });
    }
    const caption = document.createElement("figcaption");
    caption.textContent = [name, role].filter(Boolean).join(" · ");
    tile.append(caption);
    wall.append(tile);
  }

  const bar = element("div", "review__bar");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  const slider = document.createElement("input");
  slider.type = "range";
  slider.min = "0";
  slider.max = String(view.duration_ms);
  slider.setAttribute("aria-label", "播放进度");
  const time = element("span", "quiet");
  bar.append(button, slider, time);
  root.replaceChildren(wall, bar);

  function sync() {
    if (clock.playing && clock.atMs >= clock.durationMs) clock.pause();
    const atMs = clock.atMs;
    for (const lane of lanes) {
      const { track, media } = lane;
      const { active, seekMs } = placement(track, atMs, media.currentTime * 1000, clock.playing);
      if (media instanceof HTMLVideoElement) media.hidden = !active;
      if (seekMs !== null) media.currentTime = seekMs / 1000;
      if (active && clock.playing && media.paused) {
        // Refused without a gesture, or overtaken by a pause: the next tick tries again.
        media.play().catch(() => undefined);
      } else if ((!active || !clock.playing) && !media.paused) {
        media.pause();
      }
    }
    button.textContent = clock.playing ? "暂停" : "播放";
    slider.value = String(atMs);
    time.textContent = `${clockText(atMs)} / ${clockText(view.duration_ms)}`;
  }

  const controls = {
    /** @param {number} ms */
    seek(ms) {
      clock.seek(ms);
      sync();
    },
    play() {
      clock.play();
      sync();
    },
    pause() {
      clock.pause();
      sync();
    },
    destroy() {
      window.clearInterval(timer);
      for (const { media } of lanes) {
        media.pause();
        media.removeAttribute("src");
        media.load();
      }
      root.replaceChildren();
    },
  };
  button.addEventListener("click", () => (clock.playing ? controls.pause() : controls.play()));
  slider.addEventListener("input", () => controls.seek(Number(slider.value)));
  const timer = window.setInterval(sync, TICK_MS);
  sync();
  return controls;
}

/**
 * @param {Track[]} tracks
 * @returns {{name: string, role: string, tracks: Track[]}[]} one entry a person, in order
 */
export function byParticipant(tracks) {
  /** @type {Map<string, {name: string, role: string, tracks: Track[]}>} */
  const people = new Map();
  for (const track of tracks) {
    const person = people.get(track.participant_id);
    if (person) person.tracks.push(track);
    else people.set(track.participant_id, { name: track.name, role: track.role, tracks: [track] });
  }
  return [...people.values()];
}

/**
 * @param {string} tag
 * @param {string} name
 */
function element(tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}
