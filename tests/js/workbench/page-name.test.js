// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { pageName } from "../../../static/js/workbench/page-name.js";

/** @returns {Storage} */
function storage() {
  const kept = new Map();
  return /** @type {any} */ ({ getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value) });
}

test("a page keeps its name over a reload", () => {
  const own = storage();
  const name = pageName({ storage: own, isReload: false });

  assert.equal(pageName({ storage: own, isReload: true }), name);
});

test("a duplicated tab has the storage of the first but a name of its own", () => {
  const copied = storage();
  const first = pageName({ storage: copied, isReload: false });

  const second = pageName({ storage: copied, isReload: false });

  assert.notEqual(second, first);
  assert.equal(pageName({ storage: copied, isReload: true }), second);
});

test("a reload that lost its storage is a new page", () => {
  assert.match(pageName({ storage: storage(), isReload: true }), /^[0-9a-f-]{36}$/);
});
