// @ts-check
/**
 * Milliseconds to wait before try number `attempt` (0 is the first): 0.3 s, 0.6 s, … at most 8 s,
 * with up to a quarter of jitter so that a hall full of phones does not return in one instant.
 * @param {number} attempt
 * @param {() => number} [random]
 */
export function backoffMs(attempt, random = Math.random) {
  const whole = Math.min(8000, 300 * 2 ** Math.min(attempt, 10));
  return Math.round(whole * (1 - 0.25 * random()));
}
