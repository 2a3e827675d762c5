// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { loopText, mountDeviceLoop, networkText } from "../../../static/js/workbench/device-loop.js";

const places = /** @type {Record<string, any>} */ ({});
globalThis.document = /** @type {any} */ ({
  getElementById: (/** @type {string} */ id) => (places[id] ??= { textContent: "—", classList: { toggle(/** @type {string} */ _, /** @type {boolean} */ on) { places[id].isBad = on; } } }),
});
const settled = () => new Promise((resolve) => setImmediate(resolve));
const GOOD = { ok: true, problems: [], video_kbps: 480 };

/** @param {{ refuses?: string, isSlow?: boolean }} [options] */
function stage({ refuses = "", isSlow = false } = {}) {
  for (const id of Object.keys(places)) delete places[id];
  const asked = /** @type {[string, any][]} */ ([]);
  let isClosed = false;
  const answers = /** @type {((id: string) => void)[]} */ ([]);
  const socket = {
    /** @param {string} type @param {any} [body] */
    async ask(type, body) {
      asked.push([type, body]);
      if (refuses) throw new Error(refuses);
      if (type === "device_loop.start") {
        const id = isSlow ? await new Promise((resolve) => answers.push(resolve)) : "loop-1";
        return { loop_id: id, answer_sdp: "v=0" };
      }
      return GOOD;
    },
  };
  class PeerConnection {
    localDescription = { sdp: "offer" };
    addTransceiver() {}
    createOffer() { return Promise.resolve({}); }
    setLocalDescription() { return Promise.resolve(); }
    setRemoteDescription() { return Promise.resolve(); }
    getStats() { return Promise.resolve(new Map([["1", { type: "remote-inbound-rtp", kind: "video", roundTripTime: 0.031, fractionLost: 0.02 }]])); }
    close() { isClosed = true; }
  }
  const loop = mountDeviceLoop(socket, { iceServers: [] }, { lengthMs: 2000, networkSeconds: 0, PeerConnection: /** @type {any} */ (PeerConnection) });
  return { loop, asked, isClosed: () => isClosed, answers };
}
const stream = /** @type {any} */ ({ getTracks: () => [{}, {}] });

test("what is wrong with a test recording is said in words, also what is not known", () => {
  assert.equal(loopText(GOOD), "一致 ✓");
  assert.equal(loopText({ ok: false, problems: ["damaged", "hash"], video_kbps: 0 }), "异常：文件损坏、校验不一致");
  assert.equal(loopText({ ok: false, problems: ["new_one"], video_kbps: 0 }), "异常：new_one");
});

test("the line is said with its figures and a word", () => {
  assert.equal(networkText({ grade: "good", kbps: 812, rttMs: 17.6, lossPercent: 0 }), "812 kbit/s · 18 ms · 丢包 0% · 良好 ✓");
  assert.equal(networkText({ grade: "failed", kbps: null, rttMs: null, lossPercent: null }), "不通");
});

test("it records for its time, says how long still, and hands in", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval", "Date"] });
  const { loop, asked, isClosed } = stage();

  await loop.start(stream);
  assert.equal(loop.isRunning(), true);
  t.mock.timers.tick(1000);
  assert.equal(places["loop-result"].textContent, "录制中，还剩 1 秒");
  await settled();
  t.mock.timers.tick(1000);
  await settled();

  assert.deepEqual(asked, [["device_loop.start", { sdp: "offer" }], ["device_loop.finish", { loop_id: "loop-1" }]]);
  assert.equal(places["loop-result"].textContent, "一致 ✓");
  assert.equal(places["loop-result"].isBad, false);
  assert.equal(isClosed(), true);
  assert.equal(loop.isRunning(), false);
});

test("a refusal is said and leaves nothing running", async () => {
  const { loop, isClosed } = stage({ refuses: "媒体服务不可用" });

  await loop.start(stream);

  assert.equal(places["loop-result"].textContent, "未完成：媒体服务不可用");
  assert.equal(loop.isRunning(), false);
  assert.equal(isClosed(), true);
});

test("called off while it runs, the worker's room is closed all the same", async () => {
  const { loop, asked } = stage();
  await loop.start(stream);

  loop.abandon();
  await settled();

  assert.deepEqual(asked.at(-1), ["device_loop.finish", { loop_id: "loop-1" }]);
  assert.equal(loop.isRunning(), false);
  assert.equal(places["loop-result"].textContent, "—");
});

test("called off before the worker answered, its room is closed when it does", async () => {
  const { loop, asked, answers } = stage({ isSlow: true });
  const started = loop.start(stream);
  await settled();

  loop.abandon();
  answers[0]?.("loop-1");
  await started;
  await settled();

  assert.deepEqual(asked.at(-1), ["device_loop.finish", { loop_id: "loop-1" }]);
  assert.equal(loop.isRunning(), false);
});

test("begun again before the first answer came, the second goes on and the first one's room is closed", async () => {
  const { loop, asked, answers } = stage({ isSlow: true });
  const first = loop.start(stream);
  await settled();
  loop.abandon();
  const second = loop.start(stream);
  await settled();

  answers[0]?.("loop-1");
  await first;
  answers[1]?.("loop-2");
  await second;
  await settled();

  assert.equal(loop.isRunning(), true);
  assert.deepEqual(asked.filter(([type]) => type === "device_loop.finish"), [["device_loop.finish", { loop_id: "loop-1" }]]);
  loop.abandon();
  await settled();
  assert.deepEqual(asked.at(-1), ["device_loop.finish", { loop_id: "loop-2" }]);
});
