// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import * as draft from "../../../static/js/dispatch/draft.js";

const empty = { rules: [], ageing_s: 300 };

test("a new rule has a key nobody has, also after one was removed", () => {
  const two = draft.addRule(draft.addRule(empty));
  const less = { ...two, rules: two.rules.slice(1) };

  assert.deepEqual(draft.addRule(less).rules.map((rule) => rule.key), ["r2", "r3"]);
});

test("moving past either end changes nothing", () => {
  const two = draft.addRule(draft.addRule(empty));

  assert.equal(draft.moveRule(two, 0, 2), two);
  assert.deepEqual(draft.moveRule(two, 1, 0).rules.map((rule) => rule.key), ["r2", "r1"]);
});

test("a further step makes the one before it wait, and the last one never waits", () => {
  const [rule] = draft.addRule(empty).rules;
  assert.ok(rule);
  const wider = draft.addStep(draft.addStep(rule));

  assert.deepEqual(draft.stretches(wider), [[0, 30], [30, 60], [60, null]]);
  assert.deepEqual(draft.dropStep(wider, 2).steps.map((step) => step.wait_s), [30, 0]);
});

test("a difference says whether it is better", () => {
  const write = (/** @type {number} */ value) => `${Math.round(value)} s`;

  assert.deepEqual(draft.difference(112, 84, "less", write), { text: "−28 s", look: "up" });
  assert.deepEqual(draft.difference(10, 10.2, "less", write), { text: "不变", look: "flat" });
  assert.deepEqual(draft.difference(null, 3, "less", write), { text: "—", look: "flat" });
});
