// @ts-check
/** A refusal of the server: a stable `code`, a sentence for the person, and whether trying again helps. */
export class InterviewError extends Error {
  /**
   * @param {string} code
   * @param {string} text
   * @param {{ status?: number, retryable?: boolean, facts?: Record<string, unknown> }} [more]
   */
  constructor(code, text, more = {}) {
    super(text || code);
    this.name = "InterviewError";
    this.code = code;
    this.status = more.status ?? 0;
    this.retryable = more.retryable ?? false;
    /** @type {Record<string, unknown>} */
    this.facts = more.facts ?? {};
  }
}

/**
 * The refusal in a problem-details body (RFC 9457); anything else becomes code `http`.
 * @param {number} status
 * @param {unknown} body
 */
export function errorOfProblem(status, body) {
  const problem = /** @type {Record<string, unknown>} */ (body && typeof body === "object" ? body : {});
  return new InterviewError(String(problem.code ?? "http"), String(problem.title ?? ""), {
    status,
    retryable: problem.retryable === true || status >= 500,
    facts: /** @type {Record<string, unknown>} */ (problem.facts ?? {}),
  });
}
