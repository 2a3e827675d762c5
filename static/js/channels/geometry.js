// @ts-check
/**
 * Points, distances and fences as the server decides them (channels_admin/admission.py), and the
 * flat picture of a few kilometres around a centre.
 */

/** @typedef {{ latitude: number, longitude: number }} Point degrees, WGS-84 */
/** @typedef {{ centre: Point, metresPerPixel: number, width: number, height: number }} View */

const EARTH_RADIUS_M = 6_371_008.8;
const DEGREE_M = (Math.PI / 180) * EARTH_RADIUS_M;

/** @param {number} degrees */
const radians = (degrees) => (degrees * Math.PI) / 180;

/** @param {Point} a @param {Point} b metres along the great circle */
export function distanceM(a, b) {
  const half = Math.sin(radians(b.latitude - a.latitude) / 2) ** 2;
  const halfLng = Math.sin(radians(b.longitude - a.longitude) / 2) ** 2;
  const h = half + Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * halfLng;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(Math.min(1, h)));
}

/** @param {Point} point @param {Point[]} corners */
export function isInside(point, corners) {
  let inside = false;
  let previous = corners.at(-1);
  if (corners.length < 3 || !previous) return false;
  for (const corner of corners) {
    if (corner.latitude > point.latitude !== previous.latitude > point.latitude) {
      const share = (point.latitude - corner.latitude) / (previous.latitude - corner.latitude);
      const meets = corner.longitude + share * (previous.longitude - corner.longitude);
      if (point.longitude < meets) inside = !inside;
    }
    previous = corner;
  }
  return inside;
}

/** @param {View} view @param {Point} point */
export function toPixel(view, point) {
  const shrink = Math.cos(radians(view.centre.latitude));
  const scale = DEGREE_M / view.metresPerPixel;
  return {
    x: view.width / 2 + (point.longitude - view.centre.longitude) * shrink * scale,
    y: view.height / 2 - (point.latitude - view.centre.latitude) * scale,
  };
}

/** @param {View} view @param {{ x: number, y: number }} pixel @returns {Point} */
export function toPoint(view, pixel) {
  const shrink = Math.cos(radians(view.centre.latitude));
  const scale = DEGREE_M / view.metresPerPixel;
  return {
    latitude: rounded(view.centre.latitude - (pixel.y - view.height / 2) / scale),
    longitude: rounded(view.centre.longitude + (pixel.x - view.width / 2) / (scale * shrink)),
  };
}

/** @param {number} degrees six decimals are a tenth of a metre */
export function rounded(degrees) {
  return Math.round(degrees * 1e6) / 1e6;
}

/**
 * A view that holds all points with room around them.
 * @param {Point[]} points @param {number} marginM @param {number} width @param {number} height
 * @returns {View}
 */
export function fitted(points, marginM, width, height) {
  const latitudes = points.map((point) => point.latitude);
  const longitudes = points.map((point) => point.longitude);
  const centre = {
    latitude: (Math.min(...latitudes) + Math.max(...latitudes)) / 2,
    longitude: (Math.min(...longitudes) + Math.max(...longitudes)) / 2,
  };
  const tall = (Math.max(...latitudes) - Math.min(...latitudes)) * DEGREE_M;
  const wide =
    (Math.max(...longitudes) - Math.min(...longitudes)) * DEGREE_M * Math.cos(radians(centre.latitude));
  const metresPerPixel = Math.max((tall + 2 * marginM) / height, (wide + 2 * marginM) / width, 0.2);
  return { centre, metresPerPixel, width, height };
}

/** @param {string} text "31.2304, 121.4737" @returns {Point | null} */
export function pointOf(text) {
  const parts = text.split(/[,，\s]+/).filter(Boolean).map(Number);
  const [latitude, longitude] = parts;
  if (parts.length !== 2 || latitude === undefined || longitude === undefined) return null;
  if (!(Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return null;
  return { latitude, longitude };
}

/** @param {string} text [[latitude, longitude], …] @returns {Point[]} nothing when unreadable */
export function cornersOf(text) {
  let found;
  try {
    found = JSON.parse(text || "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(found)) return [];
  const points = found.map((corner) => (Array.isArray(corner) ? pointOf(corner.join(",")) : null));
  return points.every((point) => point !== null) ? /** @type {Point[]} */ (points) : [];
}

/** @param {Point[]} corners */
export function cornersText(corners) {
  return JSON.stringify(corners.map((corner) => [corner.latitude, corner.longitude]));
}

/** @param {number} metres */
export function lengthText(metres) {
  if (metres < 1000) return `${Math.round(metres)} 米`;
  return `${(metres / 1000).toFixed(metres < 10_000 ? 2 : 1)} 公里`;
}

/** 1, 2 or 5 times a power of ten, at most `metres`. @param {number} metres */
export function roundLength(metres) {
  const power = 10 ** Math.floor(Math.log10(metres));
  return [5, 2, 1].map((digit) => digit * power).find((length) => length <= metres) ?? power;
}

/**
 * What is said of a point and a fence.
 * @param {Point} point @param {Point | null} centre @param {number} radiusM @param {Point[]} corners
 */
export function verdict(point, centre, radiusM, corners) {
  if (corners.length >= 3) {
    const inside = isInside(point, corners);
    const nearest = Math.min(...corners.map((corner) => distanceM(point, corner)));
    return { inside, text: `${inside ? "在多边形内" : "在多边形外"}，距最近顶点 ${lengthText(nearest)}` };
  }
  if (!centre || !radiusM) return { inside: false, text: "请先设置圆心和半径，或至少三个顶点" };
  const away = distanceM(point, centre);
  const inside = away <= radiusM;
  const rest = lengthText(Math.abs(radiusM - away));
  return { inside, text: `距圆心 ${lengthText(away)}，${inside ? `在范围内，余 ${rest}` : `超出 ${rest}`}` };
}
