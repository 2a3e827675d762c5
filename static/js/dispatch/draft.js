// @ts-check
/**
 * The rules that are being written, as plain data. Pure: each function returns a new policy.
 * @typedef {{attribute: string, op: string, values: string[], number: number | null}} Condition
 * @typedef {{scope: string, strategy: string, wait_s: number, within_days: number, seats: number[]}} Step
 * @typedef {{key: string, name: string, enabled: boolean, conditions: Condition[], steps: Step[], priority: number}} Rule
 * @typedef {{rules: Rule[], ageing_s: number}} Policy
 * @typedef {{value: string, label: string, kind: string, ops: [string, string][], unit: string, least: number, most: number, choices: [string, string][]}} Attribute
 */

export const MOST_STEPS = 4;

/**
 * @param {Policy} policy
 * @param {number} index
 * @param {(rule: Rule) => Rule} change
 * @returns {Policy}
 */
export function withRule(policy, index, change) {
  return { ...policy, rules: policy.rules.map((rule, at) => (at === index ? change(rule) : rule)) };
}

/**
 * @param {Policy} policy
 * @param {number} from
 * @param {number} to
 * @returns {Policy}
 */
export function moveRule(policy, from, to) {
  const rules = [...policy.rules];
  const [moved] = rules.splice(from, 1);
  if (moved === undefined || to < 0 || to > rules.length) return policy;
  rules.splice(to, 0, moved);
  return { ...policy, rules };
}

/**
 * A key nobody has: the server refuses two alike.
 * @param {Policy} policy
 */
export function freshKey(policy) {
  const used = new Set(policy.rules.map((rule) => rule.key));
  let number = policy.rules.length + 1;
  while (used.has(`r${number}`)) number += 1;
  return `r${number}`;
}

/** @returns {Step} */
export function freshStep() {
  return { scope: "all", strategy: "longest_idle", wait_s: 0, within_days: 90, seats: [] };
}

/**
 * @param {Policy} policy
 * @returns {Policy}
 */
export function addRule(policy) {
  const key = freshKey(policy);
  const rule = { key, name: `新规则 ${policy.rules.length + 1}`, enabled: true, conditions: [], steps: [freshStep()], priority: 0 };
  return { ...policy, rules: [...policy.rules, rule] };
}

/**
 * A condition about `attribute` as it begins: its first comparison, nothing chosen yet.
 * @param {Attribute} attribute
 * @returns {Condition}
 */
export function freshCondition(attribute) {
  const counted = attribute.kind === "number" || attribute.kind === "flag";
  return { attribute: attribute.value, op: attribute.ops[0]?.[0] ?? "in", values: [], number: counted ? (attribute.kind === "flag" ? 1 : attribute.least) : null };
}

/**
 * Another step at the end; what was the last one now waits half a minute first.
 * @param {Rule} rule
 * @returns {Rule}
 */
export function addStep(rule) {
  if (rule.steps.length >= MOST_STEPS) return rule;
  const steps = rule.steps.map((step, at) => (at === rule.steps.length - 1 ? { ...step, wait_s: step.wait_s || 30 } : step));
  return { ...rule, steps: [...steps, freshStep()] };
}

/**
 * @param {Rule} rule
 * @param {number} at
 * @returns {Rule}
 */
export function dropStep(rule, at) {
  const steps = rule.steps.filter((_step, index) => index !== at);
  return { ...rule, steps: steps.map((step, index) => (index === steps.length - 1 ? { ...step, wait_s: 0 } : step)) };
}

/**
 * The stretches of waiting and the step that opens with each: [[0, 30], [30, 90], [90, null]].
 * @param {Rule} rule
 * @returns {[number, number | null][]}
 */
export function stretches(rule) {
  let from = 0;
  return rule.steps.map((step, at) => {
    const start = from;
    from += step.wait_s;
    return [start, at === rule.steps.length - 1 ? null : from];
  });
}

/**
 * How a figure differs, and whether that is better, worse or the same.
 * @param {number | null} before
 * @param {number | null} after
 * @param {"less" | "more" | "none"} better
 * @param {(value: number) => string} write
 * @returns {{text: string, look: "up" | "dn" | "flat"}}
 */
export function difference(before, after, better, write) {
  if (before === null || after === null) return { text: "—", look: "flat" };
  const delta = after - before;
  const text = write(Math.abs(delta));
  if (text === write(0)) return { text: "不变", look: "flat" };
  const improved = (better === "less" && delta < 0) || (better === "more" && delta > 0);
  return { text: `${delta > 0 ? "+" : "−"}${text}`, look: better === "none" ? "flat" : improved ? "up" : "dn" };
}
