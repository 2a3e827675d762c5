import assert from "node:assert/strict";
import test from "node:test";

import { backoffMs } from "../../../static/sdk/backoff.js";
import { modelOf, osOf } from "../../../static/sdk/claims.js";
import { deviceError, loudness } from "../../../static/sdk/devices.js";
import { errorOfProblem, InterviewError } from "../../../static/sdk/errors.js";
import { signsOfLife } from "../../../static/sdk/media-connection.js";
import { makeRest } from "../../../static/sdk/rest.js";
import { StallWatch } from "../../../static/sdk/stall.js";

test("waiting doubles and stays below eight seconds", () => {
  assert.deepEqual([0, 1, 2, 3, 9, 50].map((attempt) => backoffMs(attempt, () => 0)), [300, 600, 1200, 2400, 8000, 8000]);
  assert.equal(backoffMs(0, () => 1), 225);
});

test("silence longer than the patience is a stall, and one byte ends it", () => {
  const watch = new StallWatch(4000);
  assert.equal(watch.isStalled(10, 0), false);
  assert.equal(watch.isStalled(10, 4000), false);
  assert.equal(watch.isStalled(10, 4001), true);
  assert.equal(watch.isStalled(11, 4002), false);
});

test("bytes and answered checks are signs of life", () => {
  const report = [
    { type: "transport", bytesReceived: 100 },
    { type: "candidate-pair", responsesReceived: 3 },
    { type: "outbound-rtp", bytesSent: 999 },
  ];
  assert.equal(signsOfLife(report), 103);
});

test("device and system are read from the agent", () => {
  const huawei = "Mozilla/5.0 (Linux; Android 12; NOH-AN00 Build/HUAWEINOH-AN00; wv) AppleWebKit/537.36";
  assert.deepEqual([osOf(huawei), modelOf(huawei)], ["Android 12", "NOH-AN00"]);
  const iphone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4_1 like Mac OS X) AppleWebKit/605.1.15";
  assert.deepEqual([osOf(iphone), modelOf(iphone)], ["iOS 17.4.1", "iPhone"]);
});

test("a refused permission says what to do", () => {
  const denied = Object.assign(new Error("x"), { name: "NotAllowedError" });
  assert.equal(deviceError(denied).code, "media_denied");
  assert.equal(deviceError(denied).retryable, true);
});

test("silence has no loudness and a loud tone is full", () => {
  assert.equal(loudness([0, 0, 0]), 0);
  assert.equal(loudness([0.5, -0.5]), 1);
});

test("problem details become an error with its stable code", () => {
  const error = errorOfProblem(403, { code: "place_refused", title: "请前往…", retryable: true, facts: { places: ["A"] } });
  assert.deepEqual(
    [error.code, error.message, error.status, error.retryable, error.facts],
    ["place_refused", "请前往…", 403, true, { places: ["A"] }],
  );
  assert.equal(errorOfProblem(502, "<html>").code, "http");
});

test("the token travels in the header and no cookie goes along", async () => {
  /** @type {any[]} */
  const sent = [];
  const ask = makeRest("https://x", async (...request) => {
    sent.push(request);
    return new Response(null, { status: 204 });
  });

  assert.equal(await ask("DELETE", "calls", { token: "secret" }), null);

  assert.equal(sent[0][0], "https://x/api/sdk/v1/calls");
  assert.equal(sent[0][1].headers.Authorization, "Bearer secret");
  assert.equal(sent[0][1].credentials, "omit");
});

test("a server that is away is an offline error one can retry", async () => {
  const ask = makeRest("", async () => { throw new TypeError("fetch failed"); });

  await assert.rejects(ask("GET", "session"), (error) => error instanceof InterviewError && error.code === "offline" && error.retryable);
});

/** A server that takes the request and never answers. @param {any} _address @param {{ signal: AbortSignal }} sent */
const silence = (_address, { signal }) =>
  new Promise((_, reject) => signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))));

for (const [what, sent, withinMs] of [["words", { body: {} }, 20_000], ["bytes", { bytes: new Blob(["x"]) }, 120_000]]) {
  test(`a server that does not answer ${what} in time is given up with an error one can retry`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const ask = makeRest("", silence);

    let isOver = false;
    const asked = ask("PUT", "stills/1", sent).finally(() => (isOver = true));
    const refused = assert.rejects(asked, { code: "timeout", message: "服务没有响应，请稍后再试。", retryable: true });
    t.mock.timers.tick(withinMs - 1);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, false);
    t.mock.timers.tick(1);
    await refused;
  });
}

test("an answer that breaks off in the middle is an offline error one can retry", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new TypeError("network error")) });
  const ask = makeRest("", async () => new Response(broken));

  await assert.rejects(ask("GET", "session"), { code: "offline", retryable: true });
});
