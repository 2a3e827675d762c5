// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { OffsetMoved, UploadRefused, uploadFile } from "../../../static/js/marketing/upload.js";

const CHUNK = 4;
const content = "0123456789";
const file = {
  name: "a.mp4", size: content.length, lastModified: 7,
  slice: (/** @type {number} */ from, /** @type {number} */ to) => new Blob([content.slice(from, to)]),
};

/** A server that keeps what it took and fails where it is told to. */
function server(/** @type {Error[]} */ failures = []) {
  const kept = { text: "", begun: 0, waits: /** @type {number[]} */ ([]) };
  /** @type {import("../../../static/js/marketing/upload.js").Wire} */
  const wire = {
    begin: async () => {
      kept.begun += 1;
      return { id: "u", received: kept.text.length, chunk_bytes: CHUNK };
    },
    put: async (_id, offset, part) => {
      if (offset !== kept.text.length) throw new OffsetMoved(kept.text.length);
      const failure = failures.shift();
      if (failure) throw failure;
      kept.text += await part.text();
      return kept.text.length === content.length ? { done: true } : { done: false, received: kept.text.length };
    },
    wait: async (ms) => void kept.waits.push(ms),
  };
  return { kept, wire };
}

const open = () => new AbortController().signal;

test("all parts arrive in order and progress ends at the whole", async () => {
  const { kept, wire } = server();
  /** @type {number[]} */
  const told = [];

  assert.equal(await uploadFile(file, wire, (sent) => told.push(sent), open()), true);

  assert.equal(kept.text, content);
  assert.deepEqual(told, [0, 4, 8, 10]);
});

test("a lost network waits longer each time and goes on where the server is", async () => {
  const { kept, wire } = server([new Error("gone"), new Error("gone")]);

  assert.equal(await uploadFile(file, wire, () => undefined, open()), true);

  assert.equal(kept.text, content);
  assert.deepEqual(kept.waits, [1000, 2000]);
  assert.equal(kept.begun, 3);
});

test("what the server has already is not sent again", async () => {
  const { kept, wire } = server();
  kept.text = content.slice(0, 8);
  let puts = 0;
  const counted = { ...wire, put: (/** @type {[string, number, Blob]} */ ...args) => (puts++, wire.put(...args)) };

  await uploadFile(file, counted, () => undefined, open());

  assert.equal(puts, 1);
  assert.equal(kept.text, content);
});

test("a refusal ends it", async () => {
  const { kept, wire } = server([new UploadRefused("no")]);

  await assert.rejects(uploadFile(file, wire, () => undefined, open()), UploadRefused);

  assert.equal(kept.text, "");
});

test("a pause stops between two parts", async () => {
  const { kept, wire } = server();
  const stop = new AbortController();

  const whole = await uploadFile(file, wire, (sent) => sent >= 4 && stop.abort(), stop.signal);

  assert.equal(whole, false);
  assert.equal(kept.text, content.slice(0, 8));
});
