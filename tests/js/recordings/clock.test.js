// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { CallClock, awayMs, clockText, placement, rescuedAt } from "../../../static/js/recordings/clock.js";

/** @type {import("../../../static/js/recordings/clock.js").Track} */
const track = {
  participant_id: "p", name: "", role: "", kind: "video",
  start_ms: 1000, end_ms: 3000, url: "", mime: "",
};

test("a track is active between its start and its end only", () => {
  assert.equal(placement(track, 999, 0, true).active, false);
  assert.equal(placement(track, 1000, 0, true).active, true);
  assert.equal(placement(track, 3000, 2000, true).active, false);
});

test("a part that is far from the clock is told by how far, before and behind", () => {
  assert.deepEqual([0, 1000, 2999, 3000, 5000].map((atMs) => awayMs(track, atMs)), [1000, 0, 0, 0, 2000]);
  const rescued = { ...track, shown_from_ms: 2000, shown_until_ms: 2500 };
  assert.deepEqual([1500, 2200, 2600].map((atMs) => awayMs(rescued, atMs)), [500, 0, 100]);
});

test("an element that drifted is set back, a small drift is left alone", () => {
  assert.deepEqual(placement(track, 2000, 1050, true), { active: true, seekMs: null });
  assert.deepEqual(placement(track, 2000, 1500, true), { active: true, seekMs: 1000 });
});

test("while paused the picture is exact", () => {
  assert.equal(placement(track, 2000, 1050, false).seekMs, 1000);
});

test("the clock runs, stops, is set, and ends at the end of the call", () => {
  let now = 0;
  const clock = new CallClock(5000, () => now);
  clock.play();
  now = 700;
  assert.equal(clock.atMs, 700);
  clock.pause();
  now = 2000;
  assert.equal(clock.atMs, 700);
  clock.seek(4900);
  clock.play();
  now = 9000;
  assert.equal(clock.atMs, 5000);
  clock.pause();
  clock.play();
  assert.equal(clock.atMs, 0);
});

test("moments are written in hours, minutes and seconds", () => {
  assert.equal(clockText(751_400), "00:12:31");
});

test("what the customer's device recorded is looked at only where nothing arrived", () => {
  const rescue = { ...track, source: "customer_device", start_ms: 500, shown_from_ms: 1500, shown_until_ms: 2500 };

  assert.deepEqual(placement(rescue, 1400, 0, true), { active: false, seekMs: null });
  assert.deepEqual(placement(rescue, 1600, 0, true), { active: true, seekMs: 1100 });
  assert.deepEqual([...rescuedAt([track, rescue], 1400)], []);
  assert.deepEqual([...rescuedAt([track, rescue], 2000)], ["p"]);
});
