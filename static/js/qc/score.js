// @ts-check

/**
 * The points (0-100) of a review, as the server will count them.
 * @param {readonly {weight: number, isFatal: boolean, isMet: boolean}[]} items
 */
export function score(items) {
  const whole = items.reduce((sum, item) => sum + item.weight, 0);
  if (whole === 0 || items.some((item) => item.isFatal && !item.isMet)) return 0;
  const reached = items.reduce((sum, item) => sum + (item.isMet ? item.weight : 0), 0);
  return Math.round((100 * reached) / whole);
}
