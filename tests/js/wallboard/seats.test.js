// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { actsOf, shownOf } from "../../../static/js/wallboard/seats.js";

const row = (/** @type {string} */ staffNo, /** @type {string} */ state, since = 0, after = "") =>
  ({ seat_id: Number(staffNo), seat: staffNo, staff_no: staffNo, state, reason: "", since_unix_ms: since, after });

test("all stand by their numbers, those of one state by how long they are in it", () => {
  const rows = [row("1", "READY", 30), row("2", "PAUSED", 10), row("3", "READY", 20)];
  const names = (/** @type {string} */ state) => shownOf(rows, state).map(({ staff_no }) => staff_no);
  assert.deepEqual(names(""), ["1", "2", "3"]);
  assert.deepEqual(names("READY"), ["3", "1"]);
  assert.deepEqual(names("IN_CALL"), []);
});

test("what can be done follows the state, and waits for the end of a case in hand", () => {
  const acts = (/** @type {string} */ state, after = "") => actsOf(row("1", state, 0, after)).map(([act, label]) => `${act} ${label}`);
  assert.deepEqual(acts("READY"), ["pause 示忙", "sign-out 签出"]);
  assert.deepEqual(acts("PAUSED"), ["ready 结束示忙", "sign-out 签出"]);
  assert.deepEqual(acts("IN_CALL"), ["pause 结束后示忙", "sign-out 结束后签出"]);
  assert.deepEqual(acts("OFFERED", "PAUSED"), ["sign-out 结束后签出"]);
  assert.deepEqual(acts("IN_CALL", "SIGNED_OUT"), []);
  assert.deepEqual(acts("WRAP_UP"), ["pause 结束后示忙", "sign-out 签出"]);
  assert.deepEqual(acts("OFFLINE"), []);
});
