import assert from "node:assert/strict";
import test from "node:test";

import { checkLines, clock, coordinates, countdown, span, stamp, ticketOf, waitWord } from "../../../static/js/h5/format.js";
import { hintOf } from "../../../static/js/h5/in-call.js";

const MOMENT = Date.UTC(2026, 10, 24, 2, 12, 31);

test("times are the bank's, whatever the phone is set to", () => {
  assert.equal(stamp(MOMENT), "11-24 10:12:31");
  assert.equal(span(MOMENT, MOMENT + 12 * 60_000), "11-24 10:12–10:24");
});

test("a timer shows hours only when there are some", () => {
  assert.deepEqual([clock(751_000), clock(3_723_000), clock(-5)], ["12:31", "1:02:03", "00:00"]);
});

test("a countdown ends at zero and not before", () => {
  assert.deepEqual([countdown(180_000), countdown(141_200), countdown(1), countdown(-1)], ["3:00", "2:22", "0:01", "0:00"]);
});

test("a position names its hemisphere", () => {
  assert.equal(coordinates({ latitude: 30.87031, longitude: 120.0933 }), "N30.8703° E120.0933°");
  assert.equal(coordinates({ latitude: -1, longitude: -2.5 }), "S1.0000° W2.5000°");
});

test("the ticket is read from the fragment only", () => {
  assert.equal(ticketOf("#ticket=abc_-1"), "abc_-1");
  assert.equal(ticketOf(""), "");
});

test("a seat that is lost has a time until which its place is kept", () => {
  assert.equal(hintOf({ state: "LOST", reconnect_until_unix_ms: 100_000 }, 20_000), "坐席网络中断，正在自动重连（1:20），请不要离开");
  assert.equal(hintOf({ state: "PRESENT", reconnect_until_unix_ms: null }, 0), "正在接通画面…");
});

test("a wait nobody can guess is not guessed", () => {
  assert.equal(waitWord({ least_s: null, most_s: null }), "暂时无法估计要等多久");
  assert.equal(waitWord({ least_s: 245, most_s: 401 }), "大约还要 4 到 7 分钟");
  assert.equal(waitWord({ least_s: 0, most_s: 50 }), "大约还要 1 分钟");
});

test("the check of the device is said again before the call, with what is wrong", () => {
  const lines = checkLines({ microphone: false, speaker: true, network: "poor" });

  assert.deepEqual(lines.filter(({ isGood }) => !isGood).map(({ text }) => text), ["没有听到您的声音", "网络较差"]);
});
