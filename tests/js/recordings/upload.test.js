import assert from "node:assert/strict";
import { test } from "node:test";

import { LATER_MS, SOON_MS, waitMs } from "../../../static/js/recordings/keep-open.js";
import { spanOf } from "../../../static/js/recordings/seek.js";
import { isSettled, uploadText } from "../../../static/js/recordings/upload.js";

const upload = { stage: "SEALED", percent: 82, files: 8, files_done: 5, bytes: 34 << 20, bytes_done: 17 << 20, error: false };

test("the upload says files and megabytes, and that one need not wait", () => {
  assert.equal(uploadText(upload), "上传 5 / 8 个文件 · 17.0 / 34.0 MB · 可关闭页面，后台继续");
  assert.equal(
    uploadText({ ...upload, error: true }),
    "上传 5 / 8 个文件 · 17.0 / 34.0 MB · 出错，正在自动重试 · 可关闭页面，后台继续",
  );
  assert.equal(uploadText({ ...upload, stage: "PROBED", files: 0, percent: 31 }), "处理中 31%");
  assert.equal(uploadText({ ...upload, stage: "RESTORING", percent: 12 }), "正在取回原始文件以重建 12%");
  assert.equal(isSettled({ ...upload, stage: "RESTORING" }), false);
  assert.equal(uploadText({ ...upload, stage: "STORED" }), "已入库 8 个文件，可关闭页面");
});

test("a page asks soon while something is under way, and seldom when it only keeps its ticket", () => {
  const view = /** @type {any} */ ({ ticket: "t", upload });
  assert.equal(waitMs(view), SOON_MS);
  assert.equal(waitMs({ ...view, upload: { ...upload, stage: "STORED" } }), LATER_MS);
  assert.equal(waitMs({ ...view, upload: null }), LATER_MS);
  assert.equal(isSettled({ ...upload, stage: "EMPTY" }), true);
});

test("an address may name a moment or a stretch", () => {
  assert.deepEqual(spanOf("#ms=12345"), { fromMs: 12345, toMs: null });
  assert.deepEqual(spanOf("#ms=12345-20000"), { fromMs: 12345, toMs: 20000 });
  for (const other of ["", "#ms=", "#ms=-1", "#ms=1x", "#top"]) assert.equal(spanOf(other), null);
});
