// @ts-check
/** What is wrong with a recording while it is made, from what its worker tells once a second. Pure. */

/**
 * @typedef {{ participant_id: string, kind: "audio" | "video", bytes: number, last_write_age_ms: number, stalled: boolean }} Track
 * @typedef {{ recording: boolean, degraded?: boolean, disk_free_percent: number, tracks: Track[] }} Proof
 * @typedef {{ id: string, role: string, name: string, state: string, muted: boolean }} Person
 * @typedef {{ state: string, participants: Person[] }} Call
 * @typedef {"unheard" | "stopped" | "disk" | "stalled" | "missing" | "silent" | "dark"} Cause
 * @typedef {{ key: string, cause: Cause, isRed: boolean, text: string }} Finding `key` tells one from the same of another person
 */

const LATE_MS = 3000;
const STOPPED_MS = 5000;
const KINDS = /** @type {const} */ (["audio", "video"]);

/**
 * Every person who is there is to be written, in sound and picture; who is muted, in picture.
 * @param {Proof} proof
 * @param {Call} call
 * @param {number} unheardMs since the worker was last heard
 * @returns {Finding[]}
 */
export function findingsOf(proof, call, unheardMs) {
  if (unheardMs > STOPPED_MS) return [red("unheard", "已超过 5 秒没有收到录制状态：录像是否在写入无法确认。")];
  if (!proof.recording) return [];
  if (proof.tracks.length && proof.tracks.every(({ last_write_age_ms: age, stalled }) => stalled && age > STOPPED_MS)) {
    return [red("stopped", "录像已停止写入：请告知客户稍候，并立即联系运维。")];
  }
  const disk = proof.degraded ? [red("disk", "录像磁盘已满：仅保留录音，画面未被录制。请尽快联系运维。")] : [];
  const people = call.participants.filter(({ state }) => state === "PRESENT");
  return [...disk, ...people.flatMap((person) => findingsOn(person, proof, call))];
}

/** @param {Person} person @param {Proof} proof @param {Call} call @returns {Finding[]} */
function findingsOn(person, proof, call) {
  const isUnheard = person.muted || (person.role === "seat" && call.state === "PREROLL");
  return KINDS.flatMap((kind) => {
    const isWanted = kind === "audio" ? !isUnheard : !proof.degraded;
    const track = proof.tracks.find(({ participant_id: id, kind: its }) => id === person.id && its === kind);
    const cause = isWanted ? causeOf(kind, track) : null;
    if (!cause) return [];
    return [{ key: `${cause}/${person.id}/${kind}`, cause, isRed: false, text: sentence(cause, kind, nameOf(person)) }];
  });
}

/** @param {"audio" | "video"} kind @param {Track | undefined} track @returns {Cause | null} */
function causeOf(kind, track) {
  if (!track) return "missing";
  if (track.stalled) return "stalled";
  if (track.last_write_age_ms >= 0 && track.last_write_age_ms <= LATE_MS) return null;
  return kind === "audio" ? "silent" : "dark";
}

/** @param {Cause} cause @param {"audio" | "video"} kind @param {string} name */
function sentence(cause, kind, name) {
  const what = kind === "audio" ? "声音" : "画面";
  if (cause === "stalled") return `${name}的${what}写入停顿`;
  return cause === "missing" ? `${name}的${what}没有录制` : `没有收到${name}的${what}`;
}

/** @param {Person} person */
function nameOf({ role, name }) {
  return role === "seat" ? "坐席" : role === "supervisor" ? "主管" : name;
}

/** @param {Cause} cause @param {string} text @returns {Finding} */
function red(cause, text) {
  return { key: cause, cause, isRed: true, text };
}

/**
 * What is shown of what is found: what has lasted, until it has been over for a while. What is red has
 * waited long enough by itself.
 */
export class Calm {
  constructor({ onAfterMs = 4000, offAfterMs = 5000 } = {}) {
    this.onAfterMs = onAfterMs;
    this.offAfterMs = offAfterMs;
    /** @type {Map<string, { finding: Finding, since: number, last: number, isShown: boolean }>} */
    this.known = new Map();
  }

  /** @param {readonly Finding[]} found @param {number} now milliseconds @returns {Finding[]} */
  look(found, now) {
    for (const finding of found) {
      const row = this.known.get(finding.key) ?? { finding, since: now, last: now, isShown: false };
      row.isShown ||= finding.isRed || now - row.since >= this.onAfterMs;
      this.known.set(finding.key, { ...row, finding, last: now });
    }
    const keys = new Set(found.map(({ key }) => key));
    for (const [key, { last, isShown }] of this.known) {
      if (!keys.has(key) && (!isShown || now - last >= this.offAfterMs)) this.known.delete(key);
    }
    return [...this.known.values()].filter(({ isShown }) => isShown).map(({ finding }) => finding);
  }
}
