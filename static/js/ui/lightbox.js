// @ts-check
import { byId, el } from "./dom.js";

/**
 * @typedef {{ id: string, url: string, title: string, sub: string, kind: "image" | "shot" }} Picture
 */

const STEP = 1.25;
const MOST = 6;

/** The zoom after `turns` of the wheel, within what makes sense. @param {number} zoom @param {number} turns */
export const zoomed = (zoom, turns) => Math.min(MOST, Math.max(1, zoom * STEP ** turns));

/**
 * Pictures large, zoomed and moved with the mouse or keys, and two side by side: what the bank has
 * against what the camera saw (WB-11, WB-15).
 * @param {{ act?: (picture: Picture) => void, actLabel?: string }} [options]
 */
export function mountLightbox({ act, actLabel = "" } = {}) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("lightbox"));
  const stage = byId("lightbox-stage");
  const strip = byId("lightbox-strip");
  /** @type {Picture[]} */
  let all = [];
  /** @type {Picture[]} */
  let shown = [];
  byId("lightbox-close").addEventListener("click", () => dialog.close());

  function show() {
    stage.replaceChildren(...shown.map(side));
    stage.dataset.sides = String(shown.length);
    strip.replaceChildren(
      ...all.map((picture) => {
        const thumb = el(
          "button",
          { class: "shot", type: "button", "aria-pressed": String(shown.includes(picture)), title: `${picture.title} ${picture.sub}` },
          el("span", { class: "shot__pic" }, el("img", { src: picture.url, alt: picture.title })),
          el("span", { class: "shot__cap" }, picture.title, el("small", {}, picture.sub)),
        );
        thumb.addEventListener("click", () => choose(picture));
        return thumb;
      }),
    );
  }

  /** One of each kind stands side by side; another of the same kind takes its place. @param {Picture} picture */
  function choose(picture) {
    if (shown.includes(picture)) shown = shown.length > 1 ? shown.filter((each) => each !== picture) : shown;
    else shown = [...shown.filter((each) => each.kind !== picture.kind), picture].sort((a, b) => a.kind.localeCompare(b.kind));
    show();
  }

  /** @param {Picture} picture */
  function side(picture) {
    const image = /** @type {HTMLImageElement} */ (el("img", { src: picture.url, alt: `${picture.title} ${picture.sub}`, draggable: "false" }));
    const frame = el("div", { class: "lightbox__frame", tabindex: "0", role: "group", "aria-label": `${picture.title}，加减号缩放，方向键移动` }, image);
    let zoom = 1;
    let [x, y] = [0, 0];
    const lay = () => {
      if (zoom === 1) [x, y] = [0, 0];
      image.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
    };
    frame.addEventListener("wheel", (event) => {
      event.preventDefault();
      zoom = zoomed(zoom, event.deltaY < 0 ? 1 : -1);
      lay();
    });
    frame.addEventListener("pointerdown", (event) => frame.setPointerCapture(event.pointerId));
    frame.addEventListener("pointermove", (event) => {
      if (!event.buttons || zoom === 1) return;
      x += event.movementX;
      y += event.movementY;
      lay();
    });
    frame.addEventListener("keydown", (event) => {
      const moves = /** @type {Record<string, [number, number]>} */ ({ ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] });
      const move = moves[event.key];
      if (event.key === "+" || event.key === "=") zoom = zoomed(zoom, 1);
      else if (event.key === "-") zoom = zoomed(zoom, -1);
      else if (move && zoom > 1) [x, y] = [x + move[0], y + move[1]];
      else return;
      event.preventDefault();
      lay();
    });
    const caption = el("figcaption", { class: "lightbox__cap" }, el("b", {}, picture.title), el("span", {}, picture.sub), el("span", { class: "grow" }));
    const button = (/** @type {string} */ label, /** @type {() => void} */ does) => {
      const made = el("button", { class: "btn btn--sm", type: "button" }, label);
      made.addEventListener("click", does);
      caption.append(made);
    };
    button("放大", () => ((zoom = zoomed(zoom, 1)), lay()));
    button("缩小", () => ((zoom = zoomed(zoom, -1)), lay()));
    if (act && picture.kind === "shot") button(actLabel, () => act(picture));
    return el("figure", { class: "lightbox__side" }, frame, caption);
  }

  return {
    /** @param {Picture[]} pictures @param {string} first */
    open(pictures, first) {
      all = pictures;
      const picture = all.find(({ id }) => id === first) ?? all[0];
      if (!picture) return;
      shown = [picture];
      show();
      if (!dialog.open) dialog.showModal();
    },
    /** The newest snapshot beside the first picture of the bank's. @param {Picture[]} pictures */
    compare(pictures) {
      all = pictures;
      const [image] = all.filter(({ kind }) => kind === "image");
      const shot = all.filter(({ kind }) => kind === "shot").at(-1);
      shown = [...(image ? [image] : []), ...(shot ? [shot] : [])];
      if (!shown.length) return;
      show();
      if (!dialog.open) dialog.showModal();
    },
    close: () => dialog.close(),
  };
}
