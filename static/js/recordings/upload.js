// @ts-check
/** How far a recording is on its way into the store, in a person's words. */

/**
 * @typedef {{stage: string, percent: number, files: number, files_done: number, bytes: number,
 *   bytes_done: number, error: boolean}} Upload
 */

const MB = 1 << 20;

/** Whether there is nothing more to wait for. @param {Upload} upload */
export const isSettled = (upload) => ["STORED", "EMPTY", "DELETED"].includes(upload.stage);

/** @param {Upload} upload */
export function uploadText(upload) {
  if (upload.stage === "EMPTY") return "没有可入库的内容";
  if (upload.stage === "DELETED") return "已到期删除";
  if (upload.stage === "STORED") return `已入库 ${upload.files} 个文件，可关闭页面`;
  const again = upload.error ? " · 出错，正在自动重试" : "";
  if (upload.stage === "RESTORING") return `正在取回原始文件以重建 ${upload.percent}%${again}`;
  if (upload.files === 0) return `处理中 ${upload.percent}%${again}`;
  const sizes = `${(upload.bytes_done / MB).toFixed(1)} / ${(upload.bytes / MB).toFixed(1)} MB`;
  return `上传 ${upload.files_done} / ${upload.files} 个文件 · ${sizes}${again} · 可关闭页面，后台继续`;
}

/**
 * A bar with its words; gone from view once everything is stored.
 * @param {HTMLElement} root holds a `progress` and a `[data-upload-text]`
 * @param {Upload | null} upload
 */
export function showUpload(root, upload) {
  root.hidden = !upload || isSettled(upload);
  if (!upload) return;
  const bar = root.querySelector("progress");
  if (bar) bar.value = upload.percent;
  const words = root.querySelector("[data-upload-text]");
  if (words) words.textContent = uploadText(upload);
}
