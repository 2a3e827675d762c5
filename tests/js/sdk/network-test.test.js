import assert from "node:assert/strict";
import test from "node:test";

import { countsOf, verdict } from "../../../static/sdk/network-test.js";

const none = { sent: 0, received: 0, lost: 0, bytes: 0, rttMs: null };
const after = (changes) => ({ sent: 800, received: 800, lost: 0, bytes: 400_000, rttMs: 40, ...changes });

test("a quiet path is good and its figures are those of the test", () => {
  assert.deepEqual(verdict(none, after({}), 8), { grade: "good", lossPercent: 0, rttMs: 40, kbps: 400 });
});

test("loss, delay and a narrow way each lower the grade", () => {
  assert.equal(verdict(none, after({ lost: 40 }), 8).grade, "fair");
  assert.equal(verdict(none, after({ lost: 100 }), 8).grade, "poor");
  assert.equal(verdict(none, after({ rttMs: 400 }), 8).grade, "fair");
  assert.equal(verdict(none, after({ rttMs: 900 }), 8).grade, "poor");
  assert.equal(verdict(none, after({ bytes: 150_000 }), 8).grade, "fair");
  assert.equal(verdict(none, after({ bytes: 50_000 }), 8).grade, "poor");
});

test("when nothing comes back the path is closed", () => {
  assert.equal(verdict(none, after({ received: 0 }), 8).grade, "failed");
});

test("both ends of the loop are counted", () => {
  const out = [
    { type: "outbound-rtp", packetsSent: 10, bytesSent: 900 },
    { type: "remote-inbound-rtp", packetsLost: 2 },
    { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.05 },
  ];
  const back = [{ type: "inbound-rtp", packetsReceived: 7, packetsLost: 1 }, { type: "codec" }];
  assert.deepEqual(countsOf(out, back), { sent: 10, received: 7, lost: 3, bytes: 900, rttMs: 50 });
});
