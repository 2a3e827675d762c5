import assert from "node:assert/strict";
import test from "node:test";

import { isTakenOver, shownPhase } from "../../../static/sdk/phase.js";

const UP = { wasLive: true, isSocketUp: true, isMediaUp: true };

test("a lost socket in a call shows reconnecting before the server knows", () => {
  assert.equal(shownPhase("live", { ...UP, isSocketUp: false }), "reconnecting");
});

test("a lost socket while waiting keeps showing the line", () => {
  assert.equal(shownPhase("waiting", { wasLive: false, isSocketUp: false, isMediaUp: false }), "waiting");
});

test("the first connection is connecting, a later one reconnecting", () => {
  assert.equal(shownPhase("live", { wasLive: false, isSocketUp: true, isMediaUp: false }), "connecting");
  assert.equal(shownPhase("live", { ...UP, isMediaUp: false }), "reconnecting");
});

test("an ended call is ended whatever the network does", () => {
  assert.equal(shownPhase("ended", { wasLive: true, isSocketUp: false, isMediaUp: false }), "ended");
});

test("who waits at the door of a call waits there, whatever the connections do", () => {
  assert.equal(shownPhase("knocking", { ...UP, isMediaUp: false }), "knocking");
  assert.equal(shownPhase("knocking", { ...UP, isSocketUp: false }), "knocking");
});

test("a place is taken over when the server names a connection this device never made", () => {
  assert.equal(isTakenOver("tablet", new Set(["phone-1", "phone-2"])), true);
  assert.equal(isTakenOver("phone-2", new Set(["phone-1", "phone-2"])), false);
  assert.equal(isTakenOver("tablet", new Set()), false); // just opened: it is this device that takes over
  assert.equal(isTakenOver(null, new Set(["phone-1"])), false);
});
