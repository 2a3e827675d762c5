// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { startWhenThere } from "../../../static/js/workbench/media-list.js";

const refusal = (/** @type {string} */ code, /** @type {string} */ text) => Object.assign(new Error(text), { code });
const wait = () => Promise.resolve();

test("an item that is still on its way is asked for again, and how far it is is told", async () => {
  const answers = [refusal("item_on_its_way", "10%"), refusal("item_on_its_way", "60%"), null];
  /** @type {string[]} */
  const told = [];

  await startWhenThere(
    async () => {
      const answer = answers.shift();
      if (answer) throw answer;
    },
    { isWanted: () => true, told: (text) => told.push(text), wait },
  );

  assert.deepEqual(told, ["10%", "60%"]);
  assert.deepEqual(answers, []);
});

test("what is refused for another reason is not asked for again", async () => {
  let asked = 0;

  const started = startWhenThere(
    async () => {
      asked += 1;
      throw refusal("already_playing", "已有素材正在播放");
    },
    { isWanted: () => true, told: () => undefined, wait },
  );

  await assert.rejects(started, { message: "已有素材正在播放" });
  assert.equal(asked, 1);
});

test("who cancels is not asked for any more", async () => {
  let isWanted = true;
  let asked = 0;

  await startWhenThere(
    async () => {
      asked += 1;
      throw refusal("item_on_its_way", "10%");
    },
    { isWanted: () => isWanted, told: () => (isWanted = false), wait },
  );

  assert.equal(asked, 1);
});
