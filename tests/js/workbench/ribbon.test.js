// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { scaleMs } from "../../../static/js/workbench/ribbon.js";

test("the ribbon grows in steps of five minutes and is never empty", () => {
  assert.equal(scaleMs(0), 300_000);
  assert.equal(scaleMs(300_000), 300_000);
  assert.equal(scaleMs(300_001), 600_000);
});
