// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { taken, wording } from "../../../static/js/portals/picker.js";

test("a time is the same moment however its offset is written", () => {
  const offered = ["2026-11-26T09:00:00+08:00", "2026-11-26T09:40:00+08:00"];

  assert.deepEqual([...taken(offered, ["2026-11-26T01:00:00Z"])], ["2026-11-26T09:40:00+08:00"]);
});

test("with nothing free everything is taken", () => {
  assert.deepEqual([...taken(["2026-11-26T09:00:00+08:00"], [])], ["2026-11-26T09:00:00+08:00"]);
});

test("the button names the chosen time", () => {
  assert.equal(wording("改到 {time}", "11-26 14:20"), "改到 11-26 14:20");
});
