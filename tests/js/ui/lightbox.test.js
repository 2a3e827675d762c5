// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { zoomed } from "../../../static/js/ui/lightbox.js";

test("a picture is enlarged step by step, back to its size and no further", () => {
  assert.equal(zoomed(1, 1), 1.25);
  assert.equal(zoomed(zoomed(1, 3), -3), 1);
  assert.equal(zoomed(1, -1), 1);
  assert.equal(zoomed(5.9, 1), 6);
});
