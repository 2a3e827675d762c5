// @ts-check
import { momentsOf } from "../recordings/marks.js";
import { mountTimeline } from "../recordings/timeline.js";
import { byId, toast } from "./dom.js";

/** How much time the whole ribbon stands for; the scale grows in steps of five minutes. */
export function scaleMs(/** @type {number} */ lengthMs) {
  const step = 300_000;
  return Math.max(1, Math.ceil(lengthMs / step)) * step;
}

/** The call's timeline, growing while the call runs: the one of review and quality control. */
export function mountRibbon() {
  const timeline = mountTimeline({ duration_ms: scaleMs(0), tracks: [] }, () => toast("结束后可回放此处。"), { isLive: true });
  byId("ribbon").replaceChildren(timeline.root);
  /** @type {any} */
  let call = null;
  let whole = 0;
  setInterval(() => call && grow(), 1000);

  const lengthMs = () => (call.ended_unix_ms ?? Date.now()) - call.clock_unix_ms;

  function grow() {
    const length = lengthMs();
    timeline.grow(length, scaleMs(length));
    if (scaleMs(length) === whole) return;
    whole = scaleMs(length); // everything lies elsewhere now
    timeline.show(moments());
  }

  /** A mute lasts until it is taken back; the journal has both as instants. */
  function moments() {
    return momentsOf(
      call.events.map((/** @type {any} */ event) => {
        if (event.kind !== "mute" || event.until_ms) return event;
        const end = call.events.find((/** @type {any} */ e) => e.kind === "unmute" && e.participant_id === event.participant_id && e.at_ms >= event.at_ms);
        return end ? { ...event, until_ms: end.at_ms } : event;
      }),
    );
  }

  return {
    /** @param {any} shown */
    show(shown) {
      call = shown;
      grow();
      timeline.show(moments());
    },
  };
}
