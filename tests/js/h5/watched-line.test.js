// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { watchedLine } from "../../../static/js/h5/in-call.js";

test("a customer is told who of the bank is there besides the seat", () => {
  const seat = /** @type {const} */ ({ role: "seat" });

  assert.equal(watchedLine(null), "");
  assert.equal(watchedLine({ participants: [seat] }), "");
  assert.equal(watchedLine({ participants: [seat], listeners: [{}] }), "坐席主管正在旁听");
  assert.equal(watchedLine({ participants: [seat, { role: "supervisor" }], listeners: [{}] }), "坐席主管已加入通话");
});
