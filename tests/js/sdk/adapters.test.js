import assert from "node:assert/strict";
import test from "node:test";

import { startAdapters } from "../../../static/sdk/adapters.js";

const adapter = (kind, agreed) => ({ kind, agreed, module: `/${kind}.js` });
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

test("only what was agreed to is loaded, and it speaks for its own kind", async () => {
  const loaded = [];
  const said = [];
  const load = async (module) => {
    loaded.push(module);
    return { start: ({ observe }) => observe("live") };
  };
  startAdapters([adapter("liveness", true), adapter("expression", false)], {
    stream: () => null, observe: async (kind, code) => said.push([kind, code]), load,
  });
  await settled();
  assert.deepEqual(loaded, ["/liveness.js"]);
  assert.deepEqual(said, [["liveness", "live"]]);
});

test("with nothing installed nothing is loaded", async () => {
  startAdapters([], { stream: () => null, observe: async () => undefined, load: () => assert.fail("loaded") });
  await settled();
});

test("one that breaks is told and ends alone; all end together", async () => {
  const broken = [];
  let signal;
  const load = async (module) => ({
    start: (context) => {
      if (module === "/id_ocr.js") throw new Error("no model");
      signal = context.signal;
    },
  });
  const stop = startAdapters([adapter("id_ocr", true), adapter("liveness", true)], {
    stream: () => null, observe: async () => undefined, load, broken: (kind) => broken.push(kind),
  });
  await settled();
  assert.deepEqual(broken, ["id_ocr"]);
  assert.equal(signal.aborted, false);
  stop();
  assert.equal(signal.aborted, true);
});
