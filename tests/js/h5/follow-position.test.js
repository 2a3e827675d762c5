// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { followPosition, mayLocate, metresBetween } from "../../../static/js/h5/follow-position.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A device that the test carries about. */
function device() {
  /** @type {any} */
  let tell;
  /** @type {any} */
  let fail;
  const made = {
    isWatching: true,
    watchPosition: (/** @type {any} */ told, /** @type {any} */ failed) => ([tell, fail] = [told, failed]) && 7,
    clearWatch: (/** @type {number} */ id) => void (made.isWatching &&= id !== 7),
    /** So many metres north of where it began. @param {number} metres */
    async at(metres, accuracy = 5) {
      tell({ coords: { latitude: 30 + metres / 111_320, longitude: 120, accuracy } });
      await settled();
    },
    refuse: () => fail({ code: 1, PERMISSION_DENIED: 1 }),
    stumble: () => fail({ code: 3, PERMISSION_DENIED: 1 }),
  };
  return made;
}

/** @param {import("node:test").TestContext} t */
function followed(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const phone = device();
  /** @type {number[]} */
  const shared = [];
  const isAway = { now: false };
  const stop = followPosition(/** @type {any} */ (phone), async ({ latitude }) => {
    if (isAway.now) throw new Error("offline");
    shared.push(Math.round((latitude - 30) * 111_320));
  });
  return { phone, shared, isAway, stop };
}

test("the distance is in metres, and shorter from east to west further north", () => {
  assert.equal(Math.round(metresBetween({ latitude: 30, longitude: 120 }, { latitude: 30.001, longitude: 120 })), 111);
  assert.equal(Math.round(metresBetween({ latitude: 60, longitude: 120 }, { latitude: 60, longitude: 120.001 })), 56);
});

test("a way is shared at most every ten seconds, with where it led meanwhile", async (t) => {
  const { phone, shared } = followed(t);

  await phone.at(0);
  await phone.at(30);
  await phone.at(60);
  assert.deepEqual(shared, [0]);
  t.mock.timers.tick(10_000);
  await settled();

  assert.deepEqual(shared, [0, 60]);
});

test("who sits still shares nothing, and neither does a device that is only uncertain", async (t) => {
  const { phone, shared } = followed(t);
  await phone.at(0);
  t.mock.timers.tick(10_000);

  await phone.at(19);
  await phone.at(300, 500);
  t.mock.timers.tick(60_000);
  await settled();

  assert.deepEqual(shared, [0]);
});

test("where the person was when the call began is known already", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const phone = device();
  let times = 0;
  followPosition(/** @type {any} */ (phone), async () => void (times += 1), { latitude: 30, longitude: 120 });

  await phone.at(5);

  assert.equal(times, 0);
});

test("nobody is asked during a call: only what was granted before is used", async () => {
  const says = (/** @type {string} */ state) => /** @type {any} */ ({ query: async () => ({ state }) });
  assert.equal(await mayLocate(says("granted")), true);
  assert.equal(await mayLocate(says("prompt")), false);
  assert.equal(await mayLocate(undefined), false);
});

test("what could not be shared is shared later", async (t) => {
  const { phone, shared, isAway } = followed(t);
  isAway.now = true;
  await phone.at(0);
  assert.deepEqual(shared, []);
  isAway.now = false;

  t.mock.timers.tick(10_000);
  await settled();

  assert.deepEqual(shared, [0]);
});

test("a permission that is taken back ends it, a moment without a position does not", async (t) => {
  const { phone, shared } = followed(t);
  await phone.at(0);

  phone.stumble();
  assert.equal(phone.isWatching, true);
  phone.refuse();

  assert.equal(phone.isWatching, false);
  t.mock.timers.tick(10_000);
  assert.deepEqual(shared, [0]);
});

test("the end of the call ends it", async (t) => {
  const { phone, shared, stop } = followed(t);
  await phone.at(0);
  await phone.at(100);

  stop();
  t.mock.timers.tick(10_000);
  await settled();

  assert.equal(phone.isWatching, false);
  assert.deepEqual(shared, [0]);
});
