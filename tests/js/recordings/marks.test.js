// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { playerKey } from "../../../static/js/recordings/keys.js";
import { Watched, momentsOf, neighbour } from "../../../static/js/recordings/marks.js";
import { rulerMarks, wavePath } from "../../../static/js/recordings/timeline.js";
import { CallClock } from "../../../static/js/recordings/clock.js";

const TAG = new Set(["tag"]);
const events = [
  { id: "2", kind: "tag", at_ms: 8000, payload: { kind: "risk", note: "停顿" } },
  { id: "1", kind: "gap", at_ms: 3000, until_ms: 5000, participant_id: "p", payload: {} },
  { id: "3", kind: "script_step", at_ms: 4000, payload: { title: "身份", done: true } },
  { id: "4", kind: "script_step", at_ms: 6000, payload: { title: "用途" } },
  { id: "5", kind: "unmute", at_ms: 7000, payload: {} },
];

test("moments are in order of time, steps only when done, other events not at all", () => {
  const moments = momentsOf(events);
  assert.deepEqual(moments.map((moment) => [moment.kind, moment.atMs]), [["gap", 3000], ["step", 4000], ["tag", 8000]]);
  assert.equal(moments[2]?.label, "风险点");
  assert.equal(moments[0]?.untilMs, 5000);
});

test("a mute and a recording that is not whole are marks with an end", () => {
  const moments = momentsOf([
    { id: "1", kind: "mute", at_ms: 1000, until_ms: 2000, participant_id: "p", payload: {} },
    { id: "2", kind: "recording.degraded", at_ms: 3000, until_ms: 4000, payload: { reason: "disk_full" } },
    { id: "3", kind: "recording.stalled", at_ms: 5000, payload: {} },
  ]);
  assert.deepEqual(moments.map(({ kind, label, untilMs }) => [kind, label, untilMs]), [
    ["mute", "静音", 2000], ["gap", "仅录音", 4000], ["gap", "录像停写", null],
  ]);
});

test("next and previous go to the nearest of the kinds, and leave the one we stand on", () => {
  const moments = momentsOf([...events, { id: "6", kind: "tag", at_ms: 9000, payload: {} }]);
  assert.equal(neighbour(moments, 0, { kinds: TAG })?.atMs, 8000);
  assert.equal(neighbour(moments, 8000, { kinds: TAG })?.atMs, 9000);
  assert.equal(neighbour(moments, 9000, { kinds: TAG }), null);
  assert.equal(neighbour(moments, 9000, { back: true, kinds: TAG })?.atMs, 8000);
});

test("what was watched leaves out jumps and pauses", () => {
  const watched = new Watched();
  for (const at of [0, 100, 200]) watched.see(at, true);
  watched.see(60_000, true);
  watched.see(60_100, true);
  watched.see(60_100, false);
  watched.see(60_200, true);
  watched.see(60_300, true);
  assert.deepEqual(watched.take(), [[0, 200], [60_000, 60_100], [60_200, 60_300]]);
  assert.deepEqual(watched.take(), []);
});

test("a faster clock runs on from where it was", () => {
  let now = 0;
  const clock = new CallClock(60_000, () => now);
  clock.play();
  now = 1000;
  clock.setRate(2);
  now = 2000;
  assert.equal(clock.atMs, 3000);
});

test("the ruler has at most seven labels, the first at zero", () => {
  for (const ms of [500, 7000, 61_000, 1_500_000, 9_000_000]) {
    const marks = rulerMarks(ms);
    assert.equal(marks[0], 0);
    assert.ok(marks.length <= 7, `${ms}: ${marks}`);
  }
});

test("keys belong to the player unless one writes or an input method composes", () => {
  const key = (/** @type {string} */ name, more = {}) => ({ key: name, ctrlKey: false, altKey: false, metaKey: false, isComposing: false, ...more });
  assert.ok(playerKey(key(" "), false));
  assert.equal(playerKey(key(" "), true), null);
  assert.equal(playerKey(key("n", { isComposing: true }), false), null);
  assert.equal(playerKey(key("p", { ctrlKey: true }), false), null);
  assert.equal(playerKey(key("F5"), false), null);
});

test("sound is a stroke a digit, silence none", () => {
  assert.equal(wavePath("0408"), "M1.5 5V11M3.5 2V14");
  assert.equal(wavePath(""), "");
});

test("a recogniser's doubt is a moment to look at; what it found in order is none", () => {
  const seen = (at_ms, doubtful) => ({ id: `${at_ms}`, kind: "observation", at_ms, until_ms: null, participant_id: "p", payload: { text: "人脸比对不一致，请人工核验", doubtful } });
  const moments = momentsOf([seen(100, false), seen(200, true)]);
  assert.deepEqual(moments.map(({ atMs, kind, look, label }) => [atMs, kind, look, label]), [[200, "tag", "risk", "人脸比对不一致，请人工核验"]]);
});
