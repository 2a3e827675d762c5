import assert from "node:assert/strict";
import { test } from "node:test";

import { spanOf } from "../../../static/js/recordings/seek.js";

test("an address leads to a moment or a stretch, and to nothing else", () => {
  assert.deepEqual(spanOf("#ms=1200"), { fromMs: 1200, toMs: null });
  assert.deepEqual(spanOf("#ms=1200-3400"), { fromMs: 1200, toMs: 3400 });
  for (const other of ["", "#ms=", "#ms=-5", "#ms=12x", "#ms=1-", "#marks"]) assert.equal(spanOf(other), null);
});
