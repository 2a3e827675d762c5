// @ts-check
import { byId, clock, el, icon, toast } from "./dom.js";

const AGAIN_MS = 1000;

/**
 * Start an item. A large one has to come to the media worker first: asked again until it plays, it is
 * refused otherwise, or nobody wants it any more.
 * @param {() => Promise<unknown>} play
 * @param {{ isWanted: () => boolean, told: (text: string) => void, wait?: () => Promise<unknown> }} deps
 */
export async function startWhenThere(play, { isWanted, told, wait = () => new Promise((resolve) => setTimeout(resolve, AGAIN_MS)) }) {
  while (isWanted()) {
    try {
      await play();
      return;
    } catch (error) {
      if (/** @type {{ code?: string }} */ (error).code !== "item_on_its_way") throw error;
      told(String(/** @type {Error} */ (error).message));
    }
    await wait();
  }
}

/**
 * The product's prepared items: start one, pause, go on, stop; and how far it is (WB-16).
 * @param {(type: string, body?: Record<string, unknown>) => Promise<any>} ask
 * @param {(itemId: number) => Promise<unknown>} play refuses with what the person should read
 */
export function mountMediaList(ask, play) {
  const pane = byId("pane-media");
  /** @type {any[]} */
  let items = [];
  /** @type {any} */
  let playing = null;
  let key = "";
  /** The item that was asked for and does not play yet. @type {{ id: number, text: string } | null} */
  let coming = null;

  /** @param {any} item */
  async function start(item) {
    const own = (coming = { id: item.id, text: "" });
    try {
      await startWhenThere(() => play(item.id), {
        isWanted: () => coming === own,
        told: (text) => {
          own.text = text;
          show();
        },
      });
    } catch (error) {
      if (coming === own) toast(String(/** @type {Error} */ (error).message), { bad: true });
    }
    if (coming === own) giveUp();
  }

  function giveUp() {
    coming = null;
    show();
  }

  function show() {
    const fresh = JSON.stringify([items.map(({ id }) => id), playing?.id, playing?.state, coming]);
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
    const isComing = coming?.id === item.id;
    const act = isComing && coming?.text ? button("取消", "x-c", "btn btn--sm", giveUp) : button("播放", "play", "btn btn--sm", () => void start(item));
    act.toggleAttribute("disabled", playing !== null || Boolean(coming && !coming.text) || (coming !== null && !isComing));
    act.setAttribute("aria-label", `${act.textContent} ${item.title}`);
    return el(
      "div",
      { class: "media-row", "data-item": String(item.id) },
      el("span", { class: "media-row__icon" }, icon("media")),
      el("b", {}, item.title),
      el("span", { class: "quiet" }, [item.kind, clock(item.duration_ms / 1000), item.no_skip ? "不得跳过" : ""].filter(Boolean).join(" · ")),
      act,
      ...(isComing && coming?.text ? [el("span", { class: "media-row__note", role: "status" }, coming.text)] : []),
    );
  }

  return {
    /** The call is over: what was on its way is not wanted any more. */
    clear: giveUp,
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
