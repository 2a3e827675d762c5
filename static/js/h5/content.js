// @ts-check
import { the, write } from "./dom.js";
import { clock } from "./format.js";

/** @typedef {import("../../sdk/interview-client.js").CallView} CallView */

/**
 * What of a call fills the customer's screen: a playing item, else a shared region, else an item that
 * waits.
 * @param {Pick<CallView, "playout" | "share"> | null | undefined} call
 * @returns {"media" | "share" | null}
 */
export function contentOf(call) {
  if (call?.playout?.state === "PLAYING") return "media";
  if (call?.share) return "share";
  return call?.playout ? "media" : null;
}

/**
 * The item or region that is shown to everybody, with how far the item is.
 * @param {HTMLElement} step
 * @param {import("../../sdk/interview-client.js").InterviewClient} client
 */
export function mountContent(step, client) {
  const figure = the(step, "#content", HTMLElement);
  const video = the(step, 'video[data-role="content"]', HTMLVideoElement);
  const bar = the(step, "#content-progress", HTMLProgressElement);
  let playing = "";
  let position = 0;
  client.addEventListener("playout", (event) => {
    const { id, position_ms: told } = /** @type {CustomEvent} */ (event).detail;
    if (id !== playing) return;
    position = told;
    progress();
  });

  function progress() {
    bar.value = Math.min(position, bar.max);
    write(step, "#content-time", `${clock(position)} / ${clock(bar.max)}`);
  }

  return {
    /** @param {CallView | null | undefined} call @param {Map<string, MediaStream>} streams */
    show(call, streams) {
      const id = contentOf(call);
      figure.hidden = id === null;
      step.toggleAttribute("data-content", id !== null);
      const stream = id ? (streams.get(id) ?? null) : null;
      if (video.srcObject !== stream) {
        video.srcObject = stream;
        if (stream) void video.play().catch(() => undefined);
      }
      const item = id === "media" ? call?.playout : null;
      the(step, "#content-played", HTMLElement).hidden = !item;
      if (item) {
        position = item.id === playing ? Math.max(position, item.position_ms) : item.position_ms;
        playing = item.id;
        bar.max = Math.max(1, item.duration_ms);
        progress();
      } else playing = "";
      const title = item ? `${item.state === "PAUSED" ? "坐席已暂停：" : "正在播放："}${item.title}` : call?.share ? `坐席正在展示：${call.share.title}` : "";
      write(step, "#content-title", title);
    },
  };
}
