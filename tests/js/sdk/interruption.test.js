import assert from "node:assert/strict";
import test from "node:test";

import { Interruption } from "../../../static/sdk/interruption.js";

class Track extends EventTarget {
  constructor(kind) {
    super();
    Object.assign(this, { kind, readyState: "live", muted: false });
  }
}

function watched() {
  const told = [];
  const clock = { now: 1000 };
  const tracks = [new Track("audio"), new Track("video")];
  const one = new Interruption((what, reason) => told.push([what, reason]), () => clock.now);
  one.watch({ getTracks: () => tracks });
  return { told, clock, tracks, one };
}

test("a phone call that mutes the camera is told once, and its end", () => {
  const { told, tracks } = watched();
  tracks[1].dispatchEvent(new Event("mute"));
  tracks[1].dispatchEvent(new Event("mute"));
  tracks[1].dispatchEvent(new Event("unmute"));
  assert.deepEqual(told, [["camera_interrupted", "device"], ["camera_back", ""]]);
});

test("after some time in another app the devices are asked for again, though they say live", () => {
  const { told, clock, one } = watched();
  one.hidden();
  clock.now += 5000;
  assert.equal(one.needsFreshDevices(), true);
  one.mended();
  assert.deepEqual(told, [["camera_interrupted", "hidden"], ["camera_back", ""]]);
});

test("a glance away keeps the camera", () => {
  const { told, clock, one } = watched();
  one.hidden();
  clock.now += 500;
  assert.equal(one.needsFreshDevices(), false);
  assert.deepEqual(told.at(-1), ["camera_back", ""]);
});

test("a track that ended needs a fresh one, and failing is told", () => {
  const { told, tracks, one } = watched();
  tracks[1].readyState = "ended";
  assert.equal(one.needsFreshDevices(), true);
  one.failed();
  assert.deepEqual(told, [["camera_failed", ""]]);
});

test("the old stream is no longer listened to", () => {
  const { told, tracks, one } = watched();
  one.watch({ getTracks: () => [] });
  tracks[1].dispatchEvent(new Event("mute"));
  assert.deepEqual(told, []);
});
