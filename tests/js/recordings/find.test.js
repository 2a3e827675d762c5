import assert from "node:assert/strict";
import { test } from "node:test";

import { fits } from "../../../static/js/recordings/find.js";

test("what is looked for is found whatever its width, case and spaces", () => {
  assert.equal(fits("首付 来源于借款", "来源于"), true);
  assert.equal(fits("VIP 客户", "ｖｉｐ客"), true);
  assert.equal(fits("首付", "流水"), false);
  assert.equal(fits("", ""), true);
});
