import assert from "node:assert/strict";
import test from "node:test";

import { InterviewError } from "../../../static/sdk/errors.js";
import { uploadStill } from "../../../static/sdk/still.js";

const picture = new Blob([new Uint8Array(600_000)]);
const offline = () => new InterviewError("offline", "", { retryable: true });

function server({ failAt = [], refuse = null } = {}) {
  const told = { offsets: [], waits: 0, arrived: 0 };
  let tries = 0;
  return {
    told,
    received: async () => told.arrived,
    put: async (part, offset) => {
      tries += 1;
      if (refuse) throw refuse;
      if (failAt.includes(tries)) {
        told.arrived = Math.max(told.arrived, offset + 1000); // part of it got through
        throw offline();
      }
      told.offsets.push(offset);
      told.arrived = offset + part.size;
      return told.arrived;
    },
    wait: async () => {
      told.waits += 1;
    },
  };
}

test("a picture goes in parts", async () => {
  const end = server();
  await uploadStill(picture, end);
  assert.deepEqual(end.told.offsets, [0, 262_144, 524_288]);
  assert.equal(end.told.arrived, 600_000);
});

test("after a break it goes on where the server is", async () => {
  const end = server({ failAt: [2] });
  await uploadStill(picture, end);
  assert.deepEqual(end.told.offsets, [0, 263_144, 525_288]);
  assert.equal(end.told.waits, 1);
});

test("a refusal ends it, and so does a network that never returns", async () => {
  const refused = server({ refuse: new InterviewError("still_closed", "") });
  await assert.rejects(uploadStill(picture, refused), { code: "still_closed" });
  assert.equal(refused.told.waits, 0);

  const gone = server({ refuse: offline() });
  await assert.rejects(uploadStill(picture, { ...gone, tries: 3 }), { code: "offline" });
  assert.equal(gone.told.waits, 3);
});
