import assert from "node:assert/strict";
import test from "node:test";

import { heldSlots, mediaLines } from "../../../static/sdk/slots.js";

test("what is published comes first, then a receive-only pair for each other person", () => {
  assert.deepEqual(
    mediaLines(2).map(({ kind, direction }) => `${kind} ${direction}`),
    ["audio sendonly", "video sendonly", "audio recvonly", "video recvonly", "audio recvonly", "video recvonly"],
  );
});

test("a person who moves to another slot is in one slot only", () => {
  const before = new Map([[0, "seat"], [1, "li"]]);

  const after = heldSlots(before, [{ slot: 1, participant_id: null }, { slot: 2, participant_id: "seat" }]);

  assert.deepEqual([...after], [[2, "seat"]]);
  assert.deepEqual([...before], [[0, "seat"], [1, "li"]]);
});
