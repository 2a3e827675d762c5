// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";

import {
  cornersOf, cornersText, distanceM, fitted, isInside, lengthText, pointOf, roundLength, toPixel, toPoint, verdict,
} from "../../../static/js/channels/geometry.js";

const BUND = { latitude: 31.2397, longitude: 121.4905 };
const PEOPLES_SQUARE = { latitude: 31.2304, longitude: 121.4737 };
const SQUARE = [
  { latitude: 31.2, longitude: 121.4 }, { latitude: 31.2, longitude: 121.5 },
  { latitude: 31.3, longitude: 121.5 }, { latitude: 31.3, longitude: 121.4 },
];

test("a distance is the one the server decides by", () => {
  // channels_admin.admission.distance_m of the same points
  assert.equal(distanceM(BUND, PEOPLES_SQUARE).toFixed(1), "1902.8");
});

test("a point is inside a polygon or not", () => {
  assert.equal(isInside(BUND, SQUARE), true);
  assert.equal(isInside({ latitude: 31.35, longitude: 121.45 }, SQUARE), false);
  assert.equal(isInside(BUND, SQUARE.slice(0, 2)), false);
});

test("a click is the point that is drawn there", () => {
  const view = fitted(SQUARE, 1000, 600, 420);

  const pixel = toPixel(view, BUND);
  const back = toPoint(view, pixel);

  assert.ok(distanceM(back, BUND) < 0.2);
  for (const corner of SQUARE) {
    const at = toPixel(view, corner);
    assert.ok(at.x > 0 && at.x < 600 && at.y > 0 && at.y < 420);
  }
});

test("what is said of a point names the distance and how much is left or missing", () => {
  assert.deepEqual(verdict(BUND, PEOPLES_SQUARE, 2000, []), {
    inside: true, text: "距圆心 1.90 公里，在范围内，余 97 米",
  });
  assert.equal(verdict(BUND, PEOPLES_SQUARE, 1500, []).text, "距圆心 1.90 公里，超出 403 米");
  assert.equal(verdict(BUND, null, 0, SQUARE).inside, true);
  assert.equal(verdict(BUND, null, 0, []).inside, false);
});

test("corners are read as they are written, and nothing from what is none", () => {
  assert.deepEqual(cornersOf(cornersText(SQUARE)), SQUARE);
  for (const text of ["", "x", "{}", "[[1]]", '[["a", 2]]', "[[91, 0]]"]) assert.deepEqual(cornersOf(text), []);
});

test("a point is two numbers on the globe", () => {
  assert.deepEqual(pointOf("31.2304， 121.4737"), PEOPLES_SQUARE);
  for (const text of ["", "31", "31,x", "1,2,3", "0,181"]) assert.equal(pointOf(text), null);
});

test("lengths are said in metres or kilometres, a scale is a round one", () => {
  assert.deepEqual([999, 1500, 25_000].map(lengthText), ["999 米", "1.50 公里", "25.0 公里"]);
  assert.deepEqual([1400, 700, 250, 12].map(roundLength), [1000, 500, 200, 10]);
});
