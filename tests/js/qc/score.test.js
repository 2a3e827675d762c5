// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { score } from "../../../static/js/qc/score.js";

test("a score is the share of the weights met, none when a fatal item was missed", () => {
  const item = (/** @type {number} */ weight, isMet = true, isFatal = false) => ({ weight, isMet, isFatal });
  assert.equal(score([item(20), item(60, false)]), 25);
  assert.equal(score([item(20), item(60, false, true)]), 0);
  assert.equal(score([item(1), item(7, false)]), 13); // 12.5: half a point up, as the server counts
  assert.equal(score([]), 0);
});
