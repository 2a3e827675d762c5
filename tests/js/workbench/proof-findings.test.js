// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Calm, findingsOf } from "../../../static/js/workbench/proof-findings.js";

/** @typedef {import("../../../static/js/workbench/proof-findings.js").Track} Track */

const person = (/** @type {string} */ id, role = "customer", more = {}) => ({ id, role, name: id, state: "PRESENT", muted: false, ...more });
const track = (/** @type {string} */ participant_id, /** @type {"audio" | "video"} */ kind, more = {}) =>
  ({ participant_id, kind, bytes: 1, last_write_age_ms: 500, stalled: false, ...more });
const proofOf = (/** @type {Track[]} */ tracks, more = {}) => ({ recording: true, disk_free_percent: 50, tracks, ...more });
const seat = person("王芳", "seat");
const customer = person("张晓明");
const call = (/** @type {any[]} */ participants = [seat, customer], state = "LIVE") => ({ state, participants });
const whole = [track("王芳", "audio"), track("王芳", "video"), track("张晓明", "audio"), track("张晓明", "video")];
const texts = (/** @type {any} */ proof, /** @type {any} */ running = call(), unheardMs = 0) =>
  findingsOf(proof, running, unheardMs).map(({ text }) => text);

test("a recording in which everybody is written has nothing wrong", () => {
  assert.deepEqual(texts(proofOf(whole)), []);
});

test("a track that is not there, one that is late and one that stands still are named with whose they are", () => {
  const [, , sound] = whole;
  assert.deepEqual(texts(proofOf(whole.slice(0, 3))), ["张晓明的画面没有录制"]);
  assert.deepEqual(texts(proofOf([...whole.slice(0, 2), { ...sound, last_write_age_ms: 3001 }, ...whole.slice(3)])), ["没有收到张晓明的声音"]);
  assert.deepEqual(texts(proofOf([track("王芳", "audio", { stalled: true }), ...whole.slice(1)])), ["坐席的声音写入停顿"]);
  assert.deepEqual(texts(proofOf([...whole.slice(0, 3), track("张晓明", "video", { last_write_age_ms: -1 })])), ["没有收到张晓明的画面"]);
});

test("nobody misses the sound of who is muted, or what is not sent yet, or who is not there", () => {
  const pictures = whole.filter(({ kind }) => kind === "video");
  assert.deepEqual(texts(proofOf(pictures), call([{ ...seat, muted: true }, { ...customer, muted: true }])), []);
  assert.deepEqual(texts(proofOf(whole.slice(1)), call([seat, customer], "PREROLL")), []);
  assert.deepEqual(texts(proofOf(whole), call([seat, customer, person("李文静", "customer", { state: "LOST" })])), []);
});

test("what is not recorded by hand yet misses nothing", () => {
  assert.deepEqual(texts(proofOf([], { recording: false })), []);
});

test("nothing written for five seconds, a full disk and a worker that says nothing are red", () => {
  const still = whole.map((each) => ({ ...each, stalled: true, last_write_age_ms: 5001 }));
  const causes = (/** @type {any} */ proof, unheardMs = 0) => findingsOf(proof, call(), unheardMs).map(({ cause, isRed }) => [cause, isRed]);
  assert.deepEqual(causes(proofOf(still)), [["stopped", true]]);
  assert.deepEqual(causes(proofOf(whole), 5001), [["unheard", true]]);
  const sounds = whole.filter(({ kind }) => kind === "audio");
  assert.deepEqual(causes(proofOf(sounds, { degraded: true })), [["disk", true]]);
});

const amber = { key: "a", cause: /** @type {const} */ ("missing"), isRed: false, text: "a" };
const red = { key: "r", cause: /** @type {const} */ ("stopped"), isRed: true, text: "r" };

test("a moment's stumble is not shown; what lasts is, and goes when it has been over for a while", () => {
  const calm = new Calm({ onAfterMs: 4000, offAfterMs: 5000 });
  const shown = (/** @type {any[]} */ found, /** @type {number} */ now) => calm.look(found, now).map(({ key }) => key);
  assert.deepEqual(shown([amber], 0), []);
  assert.deepEqual(shown([amber], 3000), []);
  assert.deepEqual(shown([], 3500), []);
  assert.deepEqual(shown([amber], 4000), [], "it began anew");
  assert.deepEqual(shown([amber], 8000), ["a"]);
  assert.deepEqual(shown([], 9000), ["a"]);
  assert.deepEqual(shown([amber], 10_000), ["a"]);
  assert.deepEqual(shown([], 14_999), ["a"]);
  assert.deepEqual(shown([], 15_000), []);
});

test("what is red is shown at once", () => {
  assert.deepEqual(new Calm().look([red], 0), [red]);
});
