// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { isMaking, isShown, reelText, within } from "../../../static/js/recordings/reel.js";

const STRETCHES = [
  { from_ms: 1000, to_ms: 3000, at_ms: 0 },
  { from_ms: 8000, to_ms: 9000, at_ms: 2000 },
];
/** @param {Partial<import("../../../static/js/recordings/reel.js").Reel>} facts */
const reel = (facts) => /** @type {import("../../../static/js/recordings/reel.js").Reel} */ ({ state: "none", percent: 0, url: null, stretches: [], ...facts });

test("the clock goes on from stretch to stretch and stops behind the last", () => {
  assert.deepEqual(within(STRETCHES, 0), { atMs: 1000, stretch: STRETCHES[0] });
  assert.deepEqual(within(STRETCHES, 2999), { atMs: 2999, stretch: STRETCHES[0] });
  assert.deepEqual(within(STRETCHES, 3000), { atMs: 8000, stretch: STRETCHES[1] });
  assert.equal(within(STRETCHES, 9000), null);
});

test("a moment between the stretches is not in the reel", () => {
  assert.equal(isShown(STRETCHES, 1000), true);
  assert.equal(isShown(STRETCHES, 3000), false);
  assert.equal(isShown(STRETCHES, 9000), false);
});

test("only one that is being made is worth asking about soon", () => {
  assert.equal(isMaking(reel({ state: "making" })), true);
  assert.equal(isMaking(reel({ state: "failed" })), false);
  assert.equal(isMaking(null), false);
});

test("how far it is stands in words", () => {
  assert.equal(reelText(reel({ state: "making", percent: 40 })), "要点集锦生成中 40%，可关闭页面，后台继续");
  assert.equal(reelText(reel({ state: "failed" })), "要点集锦未能生成，可再试一次");
  assert.equal(reelText(reel({ state: "none" })), "");
});
