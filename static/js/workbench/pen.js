// @ts-check
/** What the seat draws over a shared card. Points are in the card's own pixels. Pure but for `draw`. */

/**
 * @typedef {"pointer" | "pen" | "box" | "highlight" | "arrow"} Tool
 * @typedef {{ x: number, y: number }} Point
 * @typedef {{ tool: Tool, points: Point[] }} Stroke
 */

const LOOKS = /** @type {const} */ ({
  pen: { colour: "#d92d20", width: 3, alpha: 1 },
  box: { colour: "#d92d20", width: 3, alpha: 1 },
  highlight: { colour: "#ffd43b", width: 16, alpha: 0.45 },
  arrow: { colour: "#d92d20", width: 3, alpha: 1 },
});
const POINTER_RADIUS = 9;
const HEAD = 14;

/** The strokes on the card, and the pointer, which leaves no mark. */
export class Drawing {
  constructor() {
    /** @type {Stroke[]} */
    this.strokes = [];
    /** @type {Point | null} */
    this.pointer = null;
    /** @type {Stroke | null} */
    this.open = null;
  }

  /** @param {Tool} tool @param {Point} at */
  begin(tool, at) {
    if (tool === "pointer") return;
    this.open = { tool, points: [at] };
    this.strokes.push(this.open);
  }

  /** @param {Point} at */
  move(at) {
    if (!this.open) return;
    if (this.open.tool === "arrow" || this.open.tool === "box") this.open.points = [/** @type {Point} */ (this.open.points[0]), at];
    else this.open.points.push(at);
  }

  /** A touch without a movement draws nothing. */
  end() {
    if (this.open && this.open.points.length < 2) this.strokes.pop();
    this.open = null;
  }

  undo() {
    this.open = null;
    return this.strokes.pop() !== undefined;
  }

  clear() {
    this.open = null;
    this.strokes = [];
  }
}

/**
 * @param {CanvasRenderingContext2D} context scaled to the card's pixels
 * @param {Drawing} drawing
 */
export function draw(context, drawing) {
  context.lineCap = context.lineJoin = "round";
  for (const { tool, points } of drawing.strokes) {
    const look = LOOKS[/** @type {"pen" | "box" | "highlight" | "arrow"} */ (tool)];
    const [first, ...rest] = points;
    if (!first || rest.length === 0) continue;
    context.globalAlpha = look.alpha;
    context.strokeStyle = look.colour;
    context.lineWidth = look.width;
    context.beginPath();
    context.moveTo(first.x, first.y);
    const corners = tool === "box" ? boxOf(first, /** @type {Point} */ (rest.at(-1))) : rest;
    for (const { x, y } of corners) context.lineTo(x, y);
    const last = /** @type {Point} */ (rest.at(-1));
    if (tool === "arrow") {
      for (const { x, y } of arrowHead(first, last)) {
        context.moveTo(last.x, last.y);
        context.lineTo(x, y);
      }
    }
    context.stroke();
  }
  context.globalAlpha = 1;
  if (drawing.pointer) {
    context.beginPath();
    context.arc(drawing.pointer.x, drawing.pointer.y, POINTER_RADIUS, 0, 2 * Math.PI);
    context.fillStyle = "rgba(217, 45, 32, .8)";
    context.fill();
    context.lineWidth = 2;
    context.strokeStyle = "#fff";
    context.stroke();
  }
}

/**
 * The way around a box from one corner back to it.
 * @param {Point} from @param {Point} to
 * @returns {Point[]}
 */
export function boxOf(from, to) {
  return [{ x: to.x, y: from.y }, to, { x: from.x, y: to.y }, from];
}

/**
 * The two ends of an arrow's barbs.
 * @param {Point} from
 * @param {Point} to
 * @returns {[Point, Point]}
 */
export function arrowHead(from, to) {
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  const barb = (/** @type {number} */ turn) => ({
    x: to.x - HEAD * Math.cos(angle + turn),
    y: to.y - HEAD * Math.sin(angle + turn),
  });
  return [barb(Math.PI / 7), barb(-Math.PI / 7)];
}
