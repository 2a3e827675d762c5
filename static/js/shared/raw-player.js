// @ts-check
/**
 * Plays the raw tracks of a call in step on the call's clock: one media element a track, shown and
 * started when its stretch begins. Used right after hanging up, before anything is composed.
 *
 * Events: `time` about five times a second.
 */
const DRIFT_S = 0.12;

export class RawPlayer extends EventTarget {
  /**
   * @param {HTMLElement} wall
   * @param {{ duration_ms: number, tracks: { participant_id: string, name: string, kind: string, start_ms: number, end_ms: number, url: string }[] }} view
   */
  constructor(wall, view) {
    super();
    this.durationMs = view.duration_ms;
    this.atMs = 0;
    this.isPlaying = false;
    this.startedAt = 0;
    this.wall = wall;
    /** @type {Map<string, HTMLElement>} */
    const figures = new Map();
    this.tracks = view.tracks.map((track) => {
      const media = document.createElement(track.kind === "video" ? "video" : "audio");
      media.src = track.url;
      media.preload = "auto";
      if (track.kind === "video") {
        media.className = "feed";
        /** @type {HTMLVideoElement} */ (media).muted = true;
        media.setAttribute("playsinline", "");
        media.hidden = true;
      }
      const figure = figures.get(track.participant_id) ?? this.#figure(track.name);
      figures.set(track.participant_id, figure);
      figure.prepend(media);
      return { ...track, media };
    });
    wall.replaceChildren(...figures.values());
    this.timer = setInterval(() => this.#tick(), 200);
    this.#align();
  }

  toggle() {
    if (this.isPlaying) this.pause();
    else this.play();
  }

  play() {
    if (this.atMs >= this.durationMs) this.atMs = 0;
    this.isPlaying = true;
    this.startedAt = performance.now() - this.atMs;
    this.#align();
  }

  pause() {
    this.isPlaying = false;
    for (const { media } of this.tracks) media.pause();
  }

  /** @param {number} ms from the call's start */
  seek(ms) {
    this.atMs = Math.min(Math.max(0, ms), this.durationMs);
    this.startedAt = performance.now() - this.atMs;
    this.#align(true);
    this.dispatchEvent(new Event("time"));
  }

  close() {
    clearInterval(this.timer);
    this.pause();
    for (const { media } of this.tracks) {
      media.removeAttribute("src");
      media.load();
    }
    this.wall.replaceChildren();
  }

  /** @param {string} name */
  #figure(name) {
    const figure = document.createElement("figure");
    figure.className = "tile";
    const bar = document.createElement("figcaption");
    bar.className = "tile__bar";
    const label = document.createElement("span");
    label.className = "tile__name";
    label.textContent = name;
    bar.append(label);
    figure.append(bar);
    return figure;
  }

  #tick() {
    if (!this.isPlaying) return;
    this.atMs = Math.min(performance.now() - this.startedAt, this.durationMs);
    this.#align();
    this.dispatchEvent(new Event("time"));
    if (this.atMs >= this.durationMs) this.pause();
  }

  #align(isSeek = false) {
    for (const { media, start_ms: start, end_ms: end, kind } of this.tracks) {
      const isOn = this.atMs >= start && this.atMs < end;
      if (kind === "video") media.hidden = !isOn;
      if (!isOn) {
        if (!media.paused) media.pause();
        continue;
      }
      const wanted = (this.atMs - start) / 1000;
      if (isSeek || Math.abs(media.currentTime - wanted) > DRIFT_S) media.currentTime = wanted;
      if (this.isPlaying && media.paused) void media.play().catch(() => this.pause());
    }
  }
}
