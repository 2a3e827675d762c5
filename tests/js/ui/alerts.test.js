// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { isBlind, newOf, summaryOf } from "../../../static/js/ui/alerts.js";

const alert = (/** @type {number} */ id, /** @type {Record<string, unknown>} */ more = {}) =>
  ({ id, level: "risk", title: "排队 9 人", text: "", fired_unix_ms: 1000 * id, acknowledged_by: "", ...more });
const told = (/** @type {ReturnType<typeof alert>[]} */ alerts, /** @type {number | null} */ age = 1) => ({ at_unix_ms: 9000, alerts, alerts_age_s: age });

test("the head counts what nobody has taken care of, and is calm when somebody has", () => {
  assert.deepEqual(summaryOf(told([])), { count: 0, look: "", words: "0 条告警，均已确认" });
  assert.deepEqual(summaryOf(told([alert(1), alert(2, { acknowledged_by: "900001" })])), { count: 1, look: "is-busy", words: "1 条告警待确认" });
  assert.deepEqual(summaryOf(told([alert(1, { level: "stop" })])), { count: 1, look: "is-down", words: "1 条告警待确认" });
  assert.deepEqual(summaryOf(told([alert(1, { level: "stop", acknowledged_by: "900001" })])), { count: 1, look: "", words: "1 条告警，均已确认" });
});

test("that nobody looks at the rules is told like an alert", () => {
  assert.equal(isBlind(told([], 15)), false);
  assert.equal(isBlind(told([], 16)), true);
  assert.equal(isBlind(told([], null)), true);
  assert.deepEqual(summaryOf(told([], null)), { count: 1, look: "is-down", words: "1 条告警待确认" });
});

test("what was told before, or is taken care of, is not told again", () => {
  const alerts = [alert(1), alert(2), alert(3, { acknowledged_by: "900001" })];
  assert.deepEqual(newOf(alerts, 0).map(({ id }) => id), [1, 2]);
  assert.deepEqual(newOf(alerts, 1000).map(({ id }) => id), [2]);
  assert.deepEqual(newOf(alerts, 2000), []);
});
