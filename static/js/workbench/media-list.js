// @ts-check
import { byId, clock, el, icon } from "./dom.js";

/**
 * The product's prepared items: start one, pause, go on, stop; and how far it is (WB-16).
 * @param {(type: string, body?: Record<string, unknown>) => Promise<any>} ask
 */
export function mountMediaList(ask) {
  const pane = byId("pane-media");
  /** @type {any[]} */
  let items = [];
  /** @type {any} */
  let playing = null;
  let key = "";

  function show() {
    const fresh = JSON.stringify([items.map(({ id }) => id), playing?.id, playing?.state]);
    if (fresh !== key) {
      key = fresh;
      pane.replaceChildren(...(playing ? [nowCard(playing)] : []), ...(items.length ? items.map(row) : [el("p", { class: "empty" }, "该产品未配置素材")]));
    }
    progress();
  }

  function progress() {
    const bar = /** @type {HTMLProgressElement | null} */ (pane.querySelector("progress"));
    const time = pane.querySelector("[data-play-time]");
    if (!playing || !bar || !time) return;
    bar.max = Math.max(1, playing.duration_ms);
    bar.value = playing.position_ms;
    time.textContent = `${clock(playing.position_ms / 1000)} / ${clock(playing.duration_ms / 1000)}`;
  }

  /** @param {any} play */
  function nowCard(play) {
    const isPaused = play.state === "PAUSED";
    const toggle = button(isPaused ? "继续" : "暂停", isPaused ? "play" : "pause", "btn btn--main btn--sm", () => ask("media.control", { act: isPaused ? "resume" : "pause" }));
    const stop = button("停止", "x-c", "btn btn--sm", () => ask("media.control", { act: "stop" }));
    stop.toggleAttribute("disabled", play.no_skip);
    stop.title = play.no_skip ? "该素材不得跳过，须播放完毕" : "";
    return el(
      "section",
      { class: "play", "data-play": play.state },
      el("h3", {}, play.title, el("span", { class: `chip ${isPaused ? "is-busy" : "is-talk"}` }, play.state_label), ...(play.no_skip ? [el("span", { class: "chip" }, "不得跳过")] : [])),
      el("progress", { class: "play__bar", "aria-label": "播放进度" }),
      el("div", { class: "play__acts" }, el("span", { class: "quiet", "data-play-time": true }), el("span", { class: "grow" }), toggle, stop),
    );
  }

  /** @param {any} item */
  function row(item) {
    const start = button("播放", "play", "btn btn--sm", () => ask("media.play", { item_id: item.id }));
    start.toggleAttribute("disabled", playing !== null);
    start.setAttribute("aria-label", `播放 ${item.title}`);
    return el(
      "div",
      { class: "media-row", "data-item": String(item.id) },
      el("span", { class: "media-row__icon" }, icon("media")),
      el("b", {}, item.title),
      el("span", { class: "quiet" }, [item.kind, clock(item.duration_ms / 1000), item.no_skip ? "不得跳过" : ""].filter(Boolean).join(" · ")),
      start,
    );
  }

  return {
    /** @param {any[]} fresh */
    load(fresh) {
      items = fresh;
      show();
    },
    /** @param {any} call */
    show(call) {
      const told = call.playout;
      // Progress comes faster than snapshots, and never goes back.
      playing = told && playing?.id === told.id ? { ...told, position_ms: Math.max(told.position_ms, playing.position_ms) } : told;
      show();
    },
    /** @param {{ id: string, position_ms: number }} news */
    progress(news) {
      if (playing?.id !== news.id) return;
      playing.position_ms = news.position_ms;
      progress();
    },
    /** The key of playing: pause or go on; open the list when nothing plays. */
    toggle() {
      if (playing) void ask("media.control", { act: playing.state === "PAUSED" ? "resume" : "pause" });
      else byId("tab-media").click();
    },
  };
}

/** @param {string} label @param {string} symbol @param {string} look @param {() => void} act */
function button(label, symbol, look, act) {
  const made = el("button", { class: look, type: "button" }, icon(symbol), label);
  made.addEventListener("click", act);
  return made;
}
