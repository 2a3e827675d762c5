// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import { LATER_MS, SOON_MS, TRIES, keepOpen, readAgain, retryMs } from "../../../static/js/recordings/keep-open.js";

/**
 * A server whose tickets are those, the last for good; `pass` lets time go by.
 * @param {import("node:test").TestContext} t
 * @param {string[]} tickets
 */
function page(t, tickets) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  /** @type {string[]} */
  const asked = [];
  t.mock.method(globalThis, "fetch", async (/** @type {string} */ url) => {
    asked.push(url);
    const ticket = tickets.length > 1 ? tickets.shift() : tickets[0];
    return { ok: true, json: async () => ({ ticket, upload: null }) };
  });
  /** @type {string[]} */
  const seen = [];
  const first = /** @type {any} */ ({ ticket: "old", upload: null });
  /** @type {{act: () => void}} */
  const onView = { act: () => undefined };
  const open = keepOpen("/review.json", first, (view) => {
    seen.push(view.ticket);
    onView.act();
  });
  const pass = async (/** @type {number} */ ms) => {
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  };
  return { asked, seen, open, onView, pass };
}

test("only another address is read again", () => {
  assert.equal(readAgain("/raw/a.mkv?t=1", "/raw/a.mkv?t=1"), null);
  assert.equal(readAgain("/raw/a.mkv?t=1", "/raw/a.mkv?t=2"), "/raw/a.mkv?t=2");
});

test("six files that are refused at once ask once, with the ticket they had", async (t) => {
  const { asked, seen, open, pass } = page(t, ["new"]);

  for (let file = 0; file < 6; file += 1) open.refused();
  await pass(0);

  assert.deepEqual(asked, ["/review.json?t=old"]);
  assert.deepEqual(seen, ["new"]);
});

test("a file that is refused with every ticket is asked for later and later, and then no more", async (t) => {
  const { asked, open, onView, pass } = page(t, Array.from({ length: 99 }, (_, number) => `t${number}`));
  onView.act = () => open.refused();
  open.refused();
  await pass(0);
  assert.equal(asked.length, 1);

  const counts = [];
  for (let number = 1; number < TRIES; number += 1) {
    await pass(retryMs(number) - 1);
    const early = asked.length;
    await pass(1);
    counts.push([early, asked.length]);
  }
  assert.deepEqual(counts, [[1, 2], [2, 3], [3, 4], [4, 5]]);
  assert.deepEqual([0, 1, 2].map(retryMs), [0, SOON_MS, 2 * SOON_MS]);

  await pass(LATER_MS - 1);
  assert.equal(asked.length, TRIES);
  await pass(1); // it still keeps its ticket
  assert.equal(asked.length, TRIES + 1);
});

test("a page whose ticket lives may ask at once again", async (t) => {
  const { asked, open, pass } = page(t, ["a", "b", "c", "d", "e"]);
  for (let number = 0; number < TRIES; number += 1) {
    open.refused();
    await pass(retryMs(number));
  }
  open.refused();
  await pass(0);
  assert.equal(asked.length, TRIES);

  await pass(LATER_MS);
  open.refused();
  await pass(0);
  assert.equal(asked.length, TRIES + 2);
});
