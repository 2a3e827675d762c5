// @ts-check
/**
 * A card of the page painted on a canvas: its own text, colours and pictures, and nothing that lies
 * over or beside it. So nothing else of the screen can reach the customers, whatever pops up.
 */

const FIELDS = "input, textarea, select";

/**
 * Output pixels for one pixel of the card: readable on a phone, no larger than a room carries.
 * @param {number} width
 * @param {number} height
 */
export function scaleFor(width, height) {
  const wanted = Math.min(2, Math.max(1, 960 / Math.max(1, width)));
  return Math.min(wanted, 1280 / Math.max(1, width), 1280 / Math.max(1, height));
}

/**
 * How a picture fills its box with `object-fit: cover`: the part of the source that is seen.
 * @param {number} width of the source
 * @param {number} height of the source
 * @param {number} boxWidth
 * @param {number} boxHeight
 */
export function covered(width, height, boxWidth, boxHeight) {
  const scale = Math.max(boxWidth / width, boxHeight / height);
  const w = boxWidth / scale;
  const h = boxHeight / scale;
  return { x: (width - w) / 2, y: (height - h) / 2, w, h };
}

/**
 * Paint the visible part of `card`; the context is scaled so that one unit is one CSS pixel.
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLElement} card
 * @param {number} height how much of it
 */
export function paintCard(context, card, height) {
  const origin = card.getBoundingClientRect();
  context.save();
  context.fillStyle = backgroundBehind(card);
  context.fillRect(0, 0, origin.width, height);
  context.beginPath();
  context.rect(0, 0, origin.width, height);
  context.clip();
  context.translate(-origin.left, -origin.top);
  paintElement(context, card);
  context.restore();
}

/** The colour a card stands on. @param {HTMLElement} card */
export function backgroundBehind(card) {
  for (let at = /** @type {HTMLElement | null} */ (card); at; at = at.parentElement) {
    const colour = getComputedStyle(at).backgroundColor;
    if (isSeen(colour)) return colour;
  }
  return "#fff";
}

/** @param {string} colour */
function isSeen(colour) {
  return colour !== "transparent" && !/^rgba\(.*,\s*0\)$/.test(colour);
}

/** @param {CanvasRenderingContext2D} context @param {Element} element */
function paintElement(context, element) {
  const style = getComputedStyle(element);
  if (style.display === "none" || style.visibility === "hidden" || Number(style.opacity) === 0) return;
  const box = element.getBoundingClientRect();
  paintBox(context, box, style);
  const isClipped = style.overflowY !== "visible" || style.overflowX !== "visible";
  if (isClipped) {
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.width, box.height);
    context.clip();
  }
  if (element.matches(FIELDS)) paintField(context, /** @type {HTMLInputElement} */ (element), box, style);
  else if (element instanceof HTMLImageElement) paintPicture(context, element, element.naturalWidth, element.naturalHeight, box, style);
  else if (!(element instanceof SVGElement)) paintChildren(context, element, style);
  if (isClipped) context.restore();
}

/** @param {CanvasRenderingContext2D} context @param {DOMRect} box @param {CSSStyleDeclaration} style */
function paintBox(context, box, style) {
  if (box.width === 0 || box.height === 0) return;
  const radius = Math.min(Number.parseFloat(style.borderTopLeftRadius) || 0, box.height / 2);
  const width = Number.parseFloat(style.borderTopWidth) || 0;
  const isFilled = isSeen(style.backgroundColor);
  if (isFilled) {
    context.beginPath();
    context.roundRect(box.left, box.top, box.width, box.height, radius);
    context.fillStyle = style.backgroundColor;
    context.fill();
  }
  if (width > 0 && style.borderTopStyle !== "none" && isSeen(style.borderTopColor)) {
    context.lineWidth = width;
    context.strokeStyle = style.borderTopColor;
    context.beginPath();
    if (Number.parseFloat(style.borderLeftWidth) > 0) context.roundRect(box.left + width / 2, box.top + width / 2, box.width - width, box.height - width, radius);
    else {
      context.moveTo(box.left, box.top + width / 2);
      context.lineTo(box.right, box.top + width / 2);
    }
    context.stroke();
  }
}

/** @param {CanvasRenderingContext2D} context @param {Element} element @param {CSSStyleDeclaration} style */
function paintChildren(context, element, style) {
  for (const child of element.childNodes) {
    if (child instanceof Text) paintText(context, child, style);
    else if (child instanceof Element) paintElement(context, child);
  }
}

/** @param {CanvasRenderingContext2D} context @param {CSSStyleDeclaration} style */
function setFont(context, style) {
  context.font = `${style.fontStyle} ${style.fontWeight} ${style.fontSize} ${style.fontFamily}`;
  context.fillStyle = style.color;
  context.textBaseline = "middle";
}

/**
 * The lines as the browser broke them: characters that stand on one height belong together.
 * @param {CanvasRenderingContext2D} context
 * @param {Text} text
 * @param {CSSStyleDeclaration} style
 */
function paintText(context, text, style) {
  if (!text.data.trim()) return;
  setFont(context, style);
  const range = document.createRange();
  /** @type {{ words: string, box: DOMRect, right: number } | null} */
  let line = null;
  const flush = () => {
    if (!line) return;
    const middle = line.box.top + line.box.height / 2;
    context.fillText(line.words, line.box.left, middle);
    if (style.textDecorationLine.includes("line-through")) context.fillRect(line.box.left, middle, line.right - line.box.left, 1);
  };
  for (let at = 0; at < text.length; at += 1) {
    range.setStart(text, at);
    range.setEnd(text, at + 1);
    const box = range.getClientRects()[0];
    if (!box || box.width === 0) continue;
    if (line && Math.abs(line.box.top - box.top) < 2) {
      line.words += text.data[at];
      line.right = box.right;
    } else {
      flush();
      line = { words: text.data[at] ?? "", box, right: box.right };
    }
  }
  flush();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement} field
 * @param {DOMRect} box
 * @param {CSSStyleDeclaration} style
 */
function paintField(context, field, box, style) {
  const text = field instanceof HTMLSelectElement ? (field.selectedOptions[0]?.text ?? "") : field.type === "password" ? "" : field.value;
  setFont(context, style);
  const left = box.left + (Number.parseFloat(style.paddingLeft) || 0) + (Number.parseFloat(style.borderLeftWidth) || 0);
  context.fillText(text, left, box.top + box.height / 2);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {CanvasImageSource} picture
 * @param {number} width
 * @param {number} height
 * @param {DOMRect} box
 * @param {CSSStyleDeclaration} style
 */
function paintPicture(context, picture, width, height, box, style) {
  if (!width || !height || !box.width || !box.height) return;
  if (style.objectFit === "cover") {
    const part = covered(width, height, box.width, box.height);
    context.drawImage(picture, part.x, part.y, part.w, part.h, box.left, box.top, box.width, box.height);
    return;
  }
  const scale = style.objectFit === "contain" ? Math.min(box.width / width, box.height / height) : 0;
  const [w, h] = scale ? [width * scale, height * scale] : [box.width, box.height];
  context.drawImage(picture, box.left + (box.width - w) / 2, box.top + (box.height - h) / 2, w, h);
}
