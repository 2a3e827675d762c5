import assert from "node:assert/strict";
import test from "node:test";

import { shownPhase } from "../../../static/sdk/phase.js";

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
