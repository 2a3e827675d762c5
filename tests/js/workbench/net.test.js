import assert from "node:assert/strict";
import test from "node:test";

import { networkWords } from "../../../static/js/workbench/net.js";

test("a good network is said with its figures", () => {
  assert.equal(networkWords("坐席", { level: "good", fault: "none", rtt_ms: 17.6, loss_up: 0, loss_down: 0 }), "坐席网络良好（往返 18 ms，丢包 0%）");
});

test("a bad one says whose, and which way", () => {
  assert.equal(networkWords("李文静", { level: "poor", fault: "up", rtt_ms: null, loss_up: 12.4, loss_down: 1 }), "李文静上行网络很差（丢包 12%）");
});
