// @ts-check
import assert from "node:assert/strict";
import test from "node:test";

import { endsIn } from "../../../static/js/workbench/deserted.js";

test("the seconds that are left count down to nothing and not below", () => {
  assert.equal(endsIn(59_200), "01:00 后自动结束面谈");
  assert.equal(endsIn(1), "00:01 后自动结束面谈");
  assert.equal(endsIn(-5000), "00:00 后自动结束面谈");
});
