// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { asksForCard, marked, minutesLeft, mountScript } from "../../../static/js/workbench/script.js";

globalThis.document = /** @type {any} */ ({
  createElement: (/** @type {string} */ tag) => ({ tag, text: "", append(/** @type {string[]} */ ...parts) { this.text += parts.join(""); }, setAttribute() {} }),
});

const step = (/** @type {string} */ text) => ({ order: 1, title: "", text, kind: "read", kind_label: "", required: true, points: [], guide: "", media_title: "", card: false });
/** What is marked in brackets. @param {string} text @param {string[]} values */
const shown = (text, values) => marked(text, values).map((part) => (typeof part === "string" ? part : `[${/** @type {any} */ (part).text}]`)).join("");

test("the time left is what is still to be read, and never nothing while a step is left", () => {
  const long = step("字".repeat(400)); // 100 s to read, 8 s to answer
  assert.equal(minutesLeft([long, long, long], 0), 5);
  assert.equal(minutesLeft([long, long, long], 2), 2);
  assert.equal(minutesLeft([step("短")], 0), 1);
  assert.equal(minutesLeft([long], 1), 0);
});

test("the confirm card belongs where the script says, and where data are confirmed when it says nothing", () => {
  const [read, answer, card] = [step("a"), { ...step("b"), kind: "answer" }, { ...step("c"), card: true }];
  assert.deepEqual([read, answer].map((each) => asksForCard([read, answer], each)), [false, true]);
  assert.deepEqual([read, answer, card].map((each) => asksForCard([read, answer, card], each)), [false, false, true]);
  assert.equal(asksForCard([card], undefined), false);
});

test("values of the case are marked wherever they stand", () => {
  assert.equal(shown("张晓明您好，金额420,000.00元，张晓明", ["张晓明", "420,000.00"]), "[张晓明]您好，金额[420,000.00]元，[张晓明]");
  assert.equal(shown("没有变量", ["张晓明"]), "没有变量");
});

test("the longer of two values wins, signs are signs, and single characters are left alone", () => {
  assert.equal(shown("年利率4.35%，即4.35", ["4.35", "4.35%"]), "年利率[4.35%]，即[4.35]");
  assert.equal(shown("4x35 与 4.35", ["4.35"]), "4x35 与 [4.35]");
  assert.equal(shown("每月8日，共18期", ["8"]), "每月8日，共18期");
});

/** A page on which everything can be found. */
function page() {
  const made = /** @returns {any} */ () => ({ hidden: false, textContent: "", style: {}, children: [], classList: { toggle() {} }, append() {}, setAttribute() {}, addEventListener() {}, replaceChildren() {}, querySelector: () => null });
  const places = new Map();
  globalThis.document = /** @type {any} */ ({
    createElement: made,
    createElementNS: made,
    getElementById: (/** @type {string} */ id) => places.get(id) ?? (places.set(id, made()), places.get(id)),
  });
}

test("a step can be finished while the beginning of it is still being told", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  page();
  const told = /** @type {[number, boolean][]} */ ([]);
  const script = mountScript(
    (at, { done }) => {
      told.push([at.order, done]);
      return done ? Promise.resolve({}) : new Promise(() => undefined); // the news of a beginning is slow
    },
    { pushCard() {}, setGuide() {} },
  );
  script.load([1, 2, 3].map((order) => ({ ...step("x"), order })), [], []);

  void script.done();
  await new Promise((resolve) => setImmediate(resolve));
  void script.done();
  await new Promise((resolve) => setImmediate(resolve));

  assert.deepEqual(told, [[1, false], [1, true], [2, false], [2, true], [3, false]]);
});
