// @ts-check
/** One fence on a small map without tiles: places around it, a scale, the shape, a point to try. */
import {
  cornersOf, cornersText, distanceM, fitted, lengthText, pointOf, roundLength, toPixel, toPoint, verdict,
} from "./geometry.js";

/** @typedef {import("./geometry.js").Point} Point */
/** @typedef {import("./regions.js").Place & { level: number }} Place */
/** @typedef {{ latitude: HTMLInputElement, longitude: HTMLInputElement, radius: HTMLInputElement, corners: HTMLTextAreaElement }} Fields */

const WIDTH = 600;
const HEIGHT = 420;
const FIRST_RADIUS_M = 500;
const MIDDLE = { latitude: 34.5, longitude: 108.9 };
const SVG = "http://www.w3.org/2000/svg";

/** @param {string} tag @param {Record<string, string | number>} attributes @param {string} [text] */
function shape(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/** @param {Element} root @param {string} selector @returns {any} */
function part(root, selector) {
  const found = root.querySelector(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

/**
 * @param {HTMLElement} root
 * @param {Fields} fields
 * @param {(point: Point, metres: number) => Promise<Place[]>} placesAround
 */
export function mountFenceMap(root, fields, placesAround) {
  const map = part(root, "[data-fence-map]");
  const probe = part(root, "[data-fence-probe]");
  const say = part(root, "[data-fence-say]");
  /** @type {Place[]} */
  let places = [];
  let asked = 0;
  let polygon = cornersOf(fields.corners.value).length > 0;
  const radius = () => Number(fields.radius.value) || 0;
  const corners = () => (polygon ? cornersOf(fields.corners.value) : []);
  let view = firstView();

  function centre() {
    return pointOf(`${fields.latitude.value},${fields.longitude.value}`);
  }

  function firstView() {
    const around = cornersOf(fields.corners.value);
    const middle = centre();
    if (around.length) return fitted(around, 300, WIDTH, HEIGHT);
    if (middle) return fitted([middle], Math.max(radius() * 1.4, 200), WIDTH, HEIGHT);
    return fitted([MIDDLE], 1_600_000, WIDTH, HEIGHT);
  }

  /** Ask for names only when the picture moved; draw at once with those at hand. */
  async function look() {
    draw();
    const mine = ++asked;
    const metres = (view.metresPerPixel * Math.hypot(WIDTH, HEIGHT)) / 2;
    const found = await placesAround(view.centre, metres).catch(() => places);
    if (mine !== asked) return;
    places = found;
    draw();
  }

  function names() {
    /** @type {{ x: number, y: number }[]} */
    const taken = [];
    const drawn = [];
    for (const place of places) {
      if (place.latitude === null || place.longitude === null) continue;
      const at = toPixel(view, { latitude: place.latitude, longitude: place.longitude });
      const free = taken.every((other) => Math.abs(other.x - at.x) > 64 || Math.abs(other.y - at.y) > 16);
      if (!free || at.x < 0 || at.x > WIDTH || at.y < 12 || at.y > HEIGHT - 8) continue;
      taken.push(at);
      const kind = `fence__place fence__place--${place.level}`;
      drawn.push(shape("circle", { class: kind, cx: at.x, cy: at.y, r: 2.5 }));
      drawn.push(shape("text", { class: kind, x: at.x + 6, y: at.y + 4 }, place.name));
    }
    return drawn;
  }

  function fence() {
    const ring = corners().map((corner) => toPixel(view, corner));
    if (polygon) {
      const path = ring.map((at) => `${at.x},${at.y}`).join(" ");
      const closed = ring.length >= 3 ? "polygon" : "polyline";
      return [
        shape(closed, { class: "fence__shape-line", points: path }),
        ...ring.map((at) => shape("circle", { class: "fence__corner", cx: at.x, cy: at.y, r: 4 })),
      ];
    }
    const middle = centre();
    if (!middle) return [];
    const at = toPixel(view, middle);
    return [
      shape("circle", { class: "fence__shape-line", cx: at.x, cy: at.y, r: radius() / view.metresPerPixel }),
      shape("circle", { class: "fence__corner", cx: at.x, cy: at.y, r: 4 }),
    ];
  }

  function scale() {
    const metres = roundLength(view.metresPerPixel * 140);
    const long = metres / view.metresPerPixel;
    return [
      shape("path", { class: "fence__scale", d: `M16 ${HEIGHT - 22}v6h${long}v-6` }),
      shape("text", { class: "fence__scale-text", x: 16, y: HEIGHT - 28 }, lengthText(metres)),
    ];
  }

  function tried() {
    const point = pointOf(probe.value);
    if (!point) {
      say.textContent = polygon ? `${corners().length} 个顶点` : radius() ? `半径 ${lengthText(radius())}` : "";
      say.className = "fence__say";
      return [];
    }
    const said = verdict(point, centre(), radius(), corners());
    say.textContent = said.text;
    say.className = `fence__say ${said.inside ? "is-in" : "is-out"}`;
    const at = toPixel(view, point);
    const middle = polygon ? null : centre();
    const from = middle ? toPixel(view, middle) : null;
    return [
      ...(from ? [shape("path", { class: "fence__way", d: `M${from.x} ${from.y}L${at.x} ${at.y}` })] : []),
      shape("circle", { class: `fence__probe ${said.inside ? "is-in" : "is-out"}`, cx: at.x, cy: at.y, r: 6 }),
    ];
  }

  function draw() {
    map.replaceChildren(...names(), ...fence(), ...scale(), ...tried());
  }

  /** @param {HTMLInputElement | HTMLTextAreaElement} field @param {string | number} value */
  function write(field, value) {
    field.value = String(value);
  }

  /** @param {Point} point */
  function put(point) {
    if (polygon) return write(fields.corners, cornersText([...corners(), point]));
    write(fields.latitude, point.latitude.toFixed(6));
    write(fields.longitude, point.longitude.toFixed(6));
    if (!radius()) write(fields.radius, FIRST_RADIUS_M);
  }

  map.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const box = map.getBoundingClientRect();
    const pixel = {
      x: ((event.clientX - box.left) * WIDTH) / box.width,
      y: ((event.clientY - box.top) * HEIGHT) / box.height,
    };
    put(toPoint(view, pixel));
    draw();
  });
  for (const button of root.querySelectorAll("[data-fence-zoom]")) {
    button.addEventListener("click", () => {
      const times = Number(button.getAttribute("data-fence-zoom"));
      view = { ...view, metresPerPixel: Math.min(Math.max(view.metresPerPixel * times, 0.2), 9000) };
      void look();
    });
  }
  for (const choice of root.querySelectorAll("[data-fence-shape]")) {
    if (!(choice instanceof HTMLInputElement)) continue;
    choice.checked = (choice.value === "polygon") === polygon;
    choice.addEventListener("change", () => {
      polygon = choice.value === "polygon";
      if (!polygon) write(fields.corners, "[]");
      draw();
    });
  }
  part(root, "[data-fence-undo]").addEventListener("click", () => {
    if (polygon) write(fields.corners, cornersText(corners().slice(0, -1)));
    draw();
  });
  probe.addEventListener("input", draw);
  for (const field of Object.values(fields)) {
    field.addEventListener("change", () => {
      polygon = cornersOf(fields.corners.value).length > 0;
      const middle = polygon ? null : centre();
      // Numbers typed by hand may lie outside the picture.
      if (middle && distanceM(middle, view.centre) > view.metresPerPixel * HEIGHT / 2) view = firstView();
      void look();
    });
  }
  void look();

  /** @param {Point} point @param {number} metres */
  return (point, metres) => {
    view = fitted([point], metres, WIDTH, HEIGHT);
    void look();
  };
}
