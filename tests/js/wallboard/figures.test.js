// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { axisTop, path, percent, span } from "../../../static/js/wallboard/figures.js";

test("spans and shares are written, nothing is a dash", () => {
  assert.equal(span(48), "00:48");
  assert.equal(span(3729), "1:02:09");
  assert.equal(span(null), "—");
  assert.equal(percent(0.855), "86");
  assert.equal(percent(null), "—");
});

test("the curve goes from left to right and stands on the ground at nobody", () => {
  const box = { width: 100, height: 50, most: 6 };
  assert.equal(path([0, 6, 3], box), "M0.0 50.0L50.0 0.0L100.0 25.0");
  assert.equal(path([3], box), "M0.0 25.0");
  assert.equal(path([], box), "");
});

test("the axis ends at a number that three divides", () => {
  assert.deepEqual([0, 3, 4, 7].map(axisTop), [3, 3, 6, 9]);
});
