// @ts-check
/** Kinds of a tag in the order of their keys (F4, then 1–9), and of a snapshot (Shift+F9). */
export const TAGS = /** @type {const} */ ([
  ["risk", "风险点"],
  ["key_point", "重点"],
  ["other", "其他"],
  ["identity", "身份疑点"],
  ["purpose", "用途疑点"],
  ["income", "收入疑点"],
  ["property", "房产疑点"],
  ["prompted", "旁人提示"],
  ["dissent", "客户异议"],
]);

export const SHOTS = /** @type {const} */ ([
  ["id_card", "手持身份证"],
  ["property", "手持房产证"],
  ["risk", "风险点"],
  ["other", "其他"],
]);

/** How a tag looks on a ribbon. @param {string} kind @returns {[string, string]} */
export function lookOf(kind) {
  const label = TAGS.find(([known]) => known === kind)?.[1] ?? "其他";
  return [kind === "key_point" || kind === "other" ? "mark--key" : "mark--risk", label];
}

/** The frames over the customer's own picture, in the order the key goes through them. */
export const GUIDES = /** @type {const} */ ([["", "引导框"], ["face", "人脸框"], ["document", "证件框"]]);

/** The frame that lies there now. @param {any} call */
export function guideOf(call) {
  const set = call.events.filter((/** @type {any} */ e) => e.kind === "guide_frame").at(-1);
  return String(set?.payload.frame ?? "");
}
