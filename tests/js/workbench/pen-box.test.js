// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { boxOf, Drawing } from "../../../static/js/workbench/pen.js";

test("a box goes around from corner to corner and back", () => {
  assert.deepEqual(boxOf({ x: 1, y: 2 }, { x: 5, y: 8 }), [{ x: 5, y: 2 }, { x: 5, y: 8 }, { x: 1, y: 8 }, { x: 1, y: 2 }]);
});

test("of a box only two corners are kept, however the mouse went", () => {
  const drawing = new Drawing();
  drawing.begin("box", { x: 0, y: 0 });
  for (const at of [{ x: 1, y: 9 }, { x: 4, y: 4 }]) drawing.move(at);
  drawing.end();

  assert.deepEqual(drawing.strokes, [{ tool: "box", points: [{ x: 0, y: 0 }, { x: 4, y: 4 }] }]);
});
