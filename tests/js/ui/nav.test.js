// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { stays } from "../../../static/js/ui/nav.js";

test("the menu closes on Escape and on a click beside it, and on nothing else", () => {
  assert.equal(stays({ key: "Escape", inside: true }), false);
  assert.equal(stays({ inside: false }), false);
  assert.equal(stays({ inside: true }), true);
  assert.equal(stays({ key: "Tab", inside: true }), true);
});
