import assert from "node:assert/strict";
import test from "node:test";

import { InterviewError } from "../../../static/sdk/errors.js";
import { outdated, overCap, segmentsFor, sendRescue, startRescue } from "../../../static/sdk/rescue.js";

const segment = (id, start_ms, more = {}) => ({
  id, call_id: "c1", start_ms, end_ms: start_ms + 5000, bytes: 100, kept_at: start_ms, ...more,
});
const offline = () => new InterviewError("offline", "", { retryable: true });

function storeOf(...segments) {
  const rows = new Map(segments.map((each) => [each.id, each]));
  return {
    rows,
    list: async () => [...rows.values()],
    add: async (row) => void rows.set(row.id, row),
    get: async (id) => (rows.has(id) ? new Blob([id]) : undefined),
    remove: async (ids) => ids.forEach((id) => rows.delete(id)),
  };
}

test("only what lies in a stretch the server lacks is sent, in order", () => {
  const kept = [segment("c", 20_000), segment("b", 15_000), segment("a", 0)];

  const due = segmentsFor(kept, [{ start_ms: 16_000, end_ms: 20_500 }]);

  assert.deepEqual(due.map(({ id }) => id), ["b", "c"]);
});

test("the oldest make room for what is new", () => {
  const kept = [segment("new", 9000), segment("old", 1000), segment("older", 500)];

  assert.deepEqual(overCap(kept, 100, 300), ["older"]);
  assert.deepEqual(overCap(kept, 100, 400), []);
});

test("after a day a device forgets", () => {
  const day = 24 * 3600 * 1000;

  assert.deepEqual(outdated([segment("a", 0), segment("b", 1000)], day + 500), ["a"]);
});

test("a break costs one more try; what has arrived is deleted from the device", async () => {
  const store = storeOf(segment("a", 0), segment("b", 5000), segment("far", 90_000));
  const sent = [];
  let tries = 0;

  const count = await sendRescue({
    store,
    callId: "c1",
    wanted: async () => [{ start_ms: 0, end_ms: 10_000 }],
    put: async ({ id }) => {
      tries += 1;
      if (tries === 2) throw offline();
      sent.push(id);
    },
    wait: async () => undefined,
  });

  assert.deepEqual(sent, ["a", "b"]);
  assert.equal(count, 2);
  assert.deepEqual([...store.rows.keys()], ["far"]);
});

test("a stretch the server does not want is not tried again and holds up nothing", async () => {
  const store = storeOf(segment("a", 0), segment("b", 5000));
  const sent = [];

  await sendRescue({
    store,
    callId: "c1",
    wanted: async () => [{ start_ms: 0, end_ms: 10_000 }],
    put: async ({ id }) => {
      if (id === "a") throw new InterviewError("rescue_unwanted", "");
      sent.push(id);
    },
    wait: async () => undefined,
  });

  assert.deepEqual(sent, ["b"]);
  assert.equal(store.rows.size, 0);
});

test("what the server lacks is asked for again when the asking broke off", async () => {
  const store = storeOf(segment("a", 0));
  let asked = 0;
  const sent = [];

  await sendRescue({
    store,
    callId: "c1",
    wanted: async () => {
      asked += 1;
      if (asked === 1) throw new InterviewError("timeout", "", { retryable: true });
      return [{ start_ms: 0, end_ms: 10_000 }];
    },
    put: async ({ id }) => sent.push(id),
    wait: async () => undefined,
  });

  assert.deepEqual(sent, ["a"]);
});

test("a network that stays away leaves the rest for later", async () => {
  const store = storeOf(segment("a", 0), segment("b", 5000));
  let waits = 0;

  const sending = sendRescue({
    store,
    callId: "c1",
    wanted: async () => [{ start_ms: 0, end_ms: 10_000 }],
    put: async () => {
      throw offline();
    },
    wait: async () => void (waits += 1),
  });

  await assert.rejects(sending, { code: "offline" });
  assert.equal(waits, 8);
  assert.equal(store.rows.size, 2);
});

const started = (store, rest) =>
  startRescue({ store, rest, wait: async () => undefined, broken: () => undefined, kbps: 100 });

test("once the call is over the device keeps nothing of it, wanted or not", async () => {
  const now = Date.now();
  const store = storeOf(
    segment("a", 0, { kept_at: now }), segment("b", 50_000, { kept_at: now }), segment("c", 0, { call_id: "c2", kept_at: now }),
  );
  const asked = [];
  const rescue = await started(store, async (method, path) => {
    asked.push([method, path.split("?")[0]]);
    return method === "GET" ? { wanted: [{ start_ms: 0, end_ms: 4000 }], closes_at: "2026-11-29T10:00:00Z" } : {};
  });

  assert.equal(await rescue.send("c1"), 1);

  assert.deepEqual(asked, [["GET", "rescue/c1"], ["PUT", "rescue/c1/a"]]);
  assert.deepEqual([...store.rows.keys()], ["c"]);
});

test("a call that ends while something is being sent leaves nothing on the device", async () => {
  const now = Date.now();
  const store = storeOf(segment("a", 0, { kept_at: now }), segment("b", 50_000, { kept_at: now }));
  let isOver = false;
  let [tellAsked, arrive] = [() => undefined, () => undefined];
  const isAsked = new Promise((resolve) => (tellAsked = resolve));
  const hasArrived = new Promise((resolve) => (arrive = resolve));
  const rescue = await started(store, async (method) => {
    if (method === "GET") return { wanted: isOver ? [] : [{ start_ms: 0, end_ms: 4000 }], closes_at: isOver ? "2026-11-29T10:00:00Z" : null };
    tellAsked();
    await hasArrived;
    return {};
  });

  const first = rescue.send("c1");
  await isAsked;
  isOver = true;
  const last = rescue.send("c1");
  arrive();

  assert.deepEqual(await Promise.all([first, last]), [1, 0]);
  assert.equal(store.rows.size, 0);
});

test("while the call runs the rest waits for the next break", async () => {
  const store = storeOf(segment("b", 50_000, { kept_at: Date.now() }));
  const rescue = await started(store, async () => ({ wanted: [], closes_at: null }));

  assert.equal(await rescue.send("c1"), 0);

  assert.equal(store.rows.size, 1);
});

test("what will never be taken is not kept", async () => {
  const store = storeOf(segment("a", 0, { kept_at: Date.now() }));
  const rescue = await started(store, async () => {
    throw new InterviewError("rescue_closed", "");
  });

  await assert.rejects(rescue.send("c1"), { code: "rescue_closed" });

  assert.equal(store.rows.size, 0);
});
