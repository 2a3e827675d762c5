// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { mountRing } from "../../../static/js/workbench/ring.js";

const offer = (/** @type {string} */ id) => ({ offer_id: id, product_name: "永续贷", party_name: "张晓明" });

/** Counts the tones; `resume` refuses as a browser does without a gesture. */
function audioOf() {
  const tones = /** @type {number[]} */ ([]);
  const gain = { setValueAtTime() {}, exponentialRampToValueAtTime() {} };
  const audio = {
    currentTime: 0,
    destination: {},
    resume: () => Promise.reject(new Error("no gesture")),
    createGain: () => ({ gain, connect: (/** @type {unknown} */ to) => to }),
    createOscillator: () => ({ frequency: {}, connect: (/** @type {unknown} */ to) => to, start: (/** @type {number} */ at) => tones.push(at), stop() {} }),
  };
  return { tones, now: () => /** @type {any} */ (audio) };
}

function notifier(permission = "granted") {
  const shown = /** @type {{ title: string, body: string, isClosed: boolean }[]} */ ([]);
  class Notify {
    static permission = permission;
    static asked = 0;
    static requestPermission() {
      Notify.asked += 1;
      return Promise.resolve("denied");
    }
    /** @param {string} title @param {{ body: string }} options */
    constructor(title, options) {
      this.row = { title, body: options.body, isClosed: false };
      shown.push(this.row);
    }
    addEventListener() {}
    close() {
      this.row.isClosed = true;
    }
  }
  return { shown, Notify: /** @type {any} */ (Notify) };
}

test("an offer rings once and again every three seconds until it is gone", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  globalThis.document = /** @type {any} */ ({ hidden: false });
  const { tones, now } = audioOf();
  const ring = mountRing({ title: () => "来电", now, Notify: notifier().Notify });

  ring.show(offer("1"));
  ring.show(offer("1")); // the next snapshot of the same offer
  assert.equal(tones.length, 2);
  t.mock.timers.tick(3000);
  assert.equal(tones.length, 4);
  assert.equal(ring.isRinging(), true);

  ring.show(null);
  t.mock.timers.tick(9000);
  assert.equal(tones.length, 4);
  assert.equal(ring.isRinging(), false);
});

test("the desktop is told only behind other windows, without a name, and cleared afterwards", (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  const { shown, Notify } = notifier();
  const ring = mountRing({ title: () => "视频面谈：客户来电", now: audioOf().now, Notify });

  globalThis.document = /** @type {any} */ ({ hidden: false });
  ring.show(offer("1"));
  assert.deepEqual(shown, []);
  ring.stop();
  globalThis.document = /** @type {any} */ ({ hidden: true });
  ring.show(offer("2"));
  assert.deepEqual(shown, [{ title: "视频面谈：客户来电", body: "永续贷", isClosed: false }]);
  ring.show(null);
  assert.equal(shown[0]?.isClosed, true);
});

test("permission is asked for once, and a refusal is not asked again", () => {
  for (const [permission, times] of /** @type {const} */ ([["default", 1], ["denied", 0], ["granted", 0]])) {
    const { Notify } = notifier(permission);
    mountRing({ title: () => "", now: audioOf().now, Notify }).allow();
    assert.equal(Notify.asked, times, permission);
  }
});
