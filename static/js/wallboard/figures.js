// @ts-check
/** How the wallboard writes its figures. Pure. */

/** @param {number | null} seconds 00:48, or 1:02:09; a dash when there is nothing to say */
export function span(seconds) {
  if (seconds === null) return "—";
  const whole = Math.max(0, Math.round(seconds));
  const pad = (/** @type {number} */ n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${pad(Math.floor((whole % 3600) / 60))}:${pad(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** @param {number | null} share 0-1 */
export function percent(share) {
  return share === null ? "—" : String(Math.round(share * 100));
}

/**
 * The curve as an SVG path in a box of the given size; whole people on the left.
 * @param {readonly number[]} points
 * @param {{width: number, height: number, most: number}} box
 */
export function path(points, { width, height, most }) {
  if (!points.length) return "";
  const step = points.length > 1 ? width / (points.length - 1) : 0;
  return points
    .map((value, index) => `${index ? "L" : "M"}${(index * step).toFixed(1)} ${(height - (height * value) / Math.max(1, most)).toFixed(1)}`)
    .join("");
}

/** @param {number} most the top of an axis: a round number not below it, divisible by three */
export function axisTop(most) {
  return Math.max(3, Math.ceil(most / 3) * 3);
}
