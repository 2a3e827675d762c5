// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { verdictOf } from "../../../static/js/workbench/lamp.js";

/** @param {"stop" | "warn" | "ok"} level */
const check = (level) => ({ level, title: "", detail: "", at_ms: null });

test("the lamp is as red as its worst line and counts what wants a hand", () => {
  assert.deepEqual(verdictOf([check("ok"), check("ok")]), { level: "ok", text: "全部就绪" });
  assert.deepEqual(verdictOf([check("warn"), check("ok")]), { level: "warn", text: "留意 1 项" });
  assert.deepEqual(verdictOf([check("stop"), check("stop"), check("warn")]), { level: "stop", text: "需处理 2 项，留意 1 项" });
});

test("a call of which nothing is asked is ready", () => {
  assert.deepEqual(verdictOf([]), { level: "ok", text: "全部就绪" });
});
