// @ts-check
import { InterviewError, errorOfProblem } from "./errors.js";

// A request over a path that died is answered by nobody, and fetch itself waits for ever.
const JSON_WITHIN_MS = 20_000;
const BYTES_WITHIN_MS = 120_000;

/**
 * The REST side of the SDK, under `<baseUrl>/api/sdk/v1/`.
 * @param {string} baseUrl
 * @param {typeof fetch} [fetcher]
 */
export function makeRest(baseUrl, fetcher = (...request) => fetch(...request)) {
  /**
   * @param {string} method
   * @param {string} path
   * @param {{ token?: string, body?: unknown, bytes?: Blob, key?: string }} [sent] `body` goes as
   *   JSON, `bytes` as they are; `key` is the Idempotency-Key
   * @returns {Promise<any>} the answer's body, null where there is none
   * @throws {InterviewError} a refusal; `offline` when the server was not reached, `timeout` when it did
   *   not answer in time: whether it did what was asked is not known
   */
  return async function ask(method, path, sent = {}) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (sent.token) headers.Authorization = `Bearer ${sent.token}`;
    if (sent.key) headers["Idempotency-Key"] = sent.key;
    if (sent.bytes) headers["Content-Type"] = "application/octet-stream";
    else if (sent.body !== undefined) headers["Content-Type"] = "application/json";
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(), sent.bytes ? BYTES_WITHIN_MS : JSON_WITHIN_MS);
    let response;
    let text;
    try {
      response = await fetcher(`${baseUrl}/api/sdk/v1/${path}`, {
        method,
        headers,
        body: sent.bytes ?? (sent.body === undefined ? undefined : JSON.stringify(sent.body)),
        credentials: "omit",
        cache: "no-store",
        signal: deadline.signal,
      });
      text = await response.text();
    } catch {
      if (deadline.signal.aborted) throw new InterviewError("timeout", "服务没有响应，请稍后再试。", { retryable: true });
      throw new InterviewError("offline", "网络不可用，请检查网络后重试。", { retryable: true });
    } finally {
      clearTimeout(timer);
    }
    const body = parsed(text);
    if (!response.ok) throw errorOfProblem(response.status, body);
    return body;
  };
}

/** @param {string} text */
function parsed(text) {
  if (!text) return null;
  try {
    return JSON.parse(text);
  } catch {
    return null; // a proxy's HTML page: the status tells what there is to tell
  }
}
