// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { PlayoutBuffer, picturesOf } from "../../../static/sdk/playout-buffer.js";

test("nothing is held back while nothing freezes", () => {
  const buffer = new PlayoutBuffer();
  assert.equal(buffer.next({ freezes: 0, nacks: 30 }, 1000), 0);
  assert.equal(buffer.next({ freezes: 0, nacks: 90 }, 60_000), 0);
});

test("every freeze makes it longer, up to a second", () => {
  const buffer = new PlayoutBuffer();
  const seen = [1, 2, 3, 4, 5, 6].map((freezes) => buffer.next({ freezes, nacks: 0 }, freezes * 1000));
  assert.deepEqual(seen, [400, 600, 800, 1000, 1000, 1000]);
});

test("it gets shorter only after a quiet time, and in steps", () => {
  const buffer = new PlayoutBuffer();
  buffer.next({ freezes: 1, nacks: 0 }, 0);
  assert.equal(buffer.next({ freezes: 1, nacks: 50 }, 15_000), 400); // still losing
  assert.equal(buffer.next({ freezes: 1, nacks: 50 }, 34_000), 400);
  assert.equal(buffer.next({ freezes: 1, nacks: 51 }, 35_001), 300);
  assert.equal(buffer.next({ freezes: 1, nacks: 51 }, 36_000), 300);
  assert.equal(buffer.next({ freezes: 1, nacks: 51 }, 39_100), 200);
});

test("a freeze of a way on which nothing came does not make it longer", () => {
  const buffer = new PlayoutBuffer();
  buffer.next({ freezes: 0, nacks: 0, silentMs: 20 }, 0);
  buffer.next({ freezes: 0, nacks: 0, silentMs: 900 }, 1000);
  assert.equal(buffer.next({ freezes: 1, nacks: 90, silentMs: 10 }, 2500), 0);
  assert.equal(buffer.next({ freezes: 2, nacks: 91, silentMs: 10 }, 9000), 400);
});

test("behind a way on which nothing came the next picture is shown as it comes", () => {
  const buffer = new PlayoutBuffer();
  assert.equal(buffer.next({ freezes: 2, nacks: 0, silentMs: 10 }, 0), 400);
  assert.equal(buffer.next({ freezes: 2, nacks: 0, silentMs: 900 }, 1000), 0);
  assert.equal(buffer.next({ freezes: 3, nacks: 0, silentMs: 10 }, 2000), 0);
});

test("pictures are known by the line they come through", () => {
  const seen = picturesOf([
    { type: "inbound-rtp", kind: "video", mid: "3", freezeCount: 2, nackCount: 7, timestamp: 5000, lastPacketReceivedTimestamp: 4100 },
    { type: "inbound-rtp", kind: "audio", mid: "2", nackCount: 9 },
    { type: "outbound-rtp", kind: "video", mid: "1", nackCount: 4 },
    { type: "inbound-rtp", kind: "video", mid: "5", timestamp: 5000 },
  ]);
  assert.deepEqual([...seen], [
    ["3", { freezes: 2, nacks: 7, silentMs: 900 }],
    ["5", { freezes: 0, nacks: 0, silentMs: 0 }],
  ]);
});
