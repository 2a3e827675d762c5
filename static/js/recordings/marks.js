// @ts-check
/** The moments of a call that somebody wants to get to. Pure. */

/**
 * @typedef {import("./clock.js").Mark} Mark
 * @typedef {{atMs: number, untilMs: number|null, kind: "tag"|"snapshot"|"gap"|"step"|"mute"|"content", look: string,
 *   label: string, note: string, participantId: string|null}} Moment
 */

const TAGS = /** @type {Record<string, [string, string]>} */ ({
  risk: ["risk", "风险点"],
  key_point: ["key", "重点"],
  other: ["key", "其他"],
  identity: ["risk", "身份疑点"],
  purpose: ["risk", "用途疑点"],
  income: ["risk", "收入疑点"],
  property: ["risk", "房产疑点"],
  prompted: ["risk", "旁人提示"],
  dissent: ["risk", "客户异议"],
});

/** @param {unknown} value */
const text = (value) => (typeof value === "string" ? value : "");

/**
 * The marks of the timeline in the player's words, in order of time.
 * @param {readonly Mark[]} events
 * @returns {Moment[]}
 */
export function momentsOf(events) {
  /** @type {Moment[]} */
  const moments = [];
  for (const event of events) {
    const { payload } = event;
    const moment = {
      atMs: event.at_ms,
      untilMs: event.until_ms ?? null,
      note: text(payload.note),
      participantId: event.participant_id ?? null,
    };
    if (event.kind === "tag") {
      const [look, label] = TAGS[text(payload.kind)] ?? ["key", "标签"];
      moments.push({ ...moment, kind: "tag", look, label });
    } else if (event.kind === "snapshot") {
      moments.push({ ...moment, kind: "snapshot", look: "shot", label: text(payload.kind_label) || "抓拍" });
    } else if (event.kind === "gap") {
      moments.push({ ...moment, kind: "gap", look: "gap", label: "中断" });
    } else if (event.kind === "recording.degraded" || event.kind === "recording.stalled") {
      moments.push({ ...moment, kind: "gap", look: "gap", label: event.kind === "recording.stalled" ? "录像停写" : "仅录音" });
    } else if (event.kind === "observation" && payload.doubtful === true) {
      moments.push({ ...moment, kind: "tag", look: "risk", label: text(payload.text) });
    } else if (event.kind === "mute") {
      moments.push({ ...moment, kind: "mute", look: "key", label: "静音" });
    } else if (event.kind === "script_step" && payload.done) {
      const isSkipped = payload.skipped === true;
      moments.push({ ...moment, kind: "step", look: isSkipped ? "skip" : "step", label: isSkipped ? `${text(payload.title)}（已跳过）` : text(payload.title) });
    } else if (event.kind === "media" || event.kind === "share") {
      moments.push({ ...moment, kind: "content", look: "content", label: `${event.kind === "media" ? "播放" : "共享"} ${text(payload.title)}` });
    } else if (event.kind === "supervision") {
      moments.push({ ...moment, kind: "content", look: "watch", label: payload.silent === true ? "主管旁听" : "主管加入" });
    }
  }
  return moments.sort((a, b) => a.atMs - b.atMs);
}

/**
 * The nearest moment after (or before) `atMs`; null when there is none. Half a second of grace lets
 * "previous" leave the moment one has just jumped to.
 * @param {readonly Moment[]} moments
 * @param {number} atMs
 * @param {{back?: boolean, kinds: ReadonlySet<string>}} options
 */
export function neighbour(moments, atMs, { back = false, kinds }) {
  const wanted = moments.filter((moment) => kinds.has(moment.kind));
  if (back) return wanted.filter((moment) => moment.atMs < atMs - 500).at(-1) ?? null;
  return wanted.find((moment) => moment.atMs > atMs + 1) ?? null;
}

/**
 * Seconds that were watched, as half-open spans in ms; joined when they touch.
 */
export class Watched {
  constructor() {
    /** @type {[number, number][]} */
    this.spans = [];
    /** @type {number | null} */
    this._last = null;
  }

  /**
   * The clock runs and stands at `atMs`; a jump begins a new span.
   * @param {number} atMs
   * @param {boolean} isPlaying
   * @param {number} longestStepMs further on than this is a jump, not playing
   */
  see(atMs, isPlaying, longestStepMs = 2000) {
    const last = this._last;
    this._last = isPlaying ? atMs : null;
    if (!isPlaying || last === null || atMs <= last || atMs - last > longestStepMs) return;
    const span = this.spans.at(-1);
    if (span && span[1] === last) span[1] = atMs;
    else this.spans.push([last, atMs]);
  }

  /** What was watched since the last call. */
  take() {
    const taken = this.spans.map(([from, to]) => /** @type {[number, number]} */ ([Math.round(from), Math.round(to)]));
    this.spans = [];
    return taken;
  }
}
