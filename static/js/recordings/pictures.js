// @ts-check
/** Pictures of the page large, and a snapshot beside the bank's image, without leaving the page. */
import { mountLightbox } from "../ui/lightbox.js";

/** @typedef {import("../ui/lightbox.js").Picture} Picture */

/** @param {ParentNode} root @returns {Picture[]} */
export function picturesOf(root) {
  return [...root.querySelectorAll("a[data-picture]")].map((each) => {
    const { id = "", title = "", sub = "", picture } = /** @type {HTMLElement} */ (each).dataset;
    return { id, url: each.getAttribute("href") ?? "", title, sub, kind: picture === "shot" ? "shot" : "image" };
  });
}

/** @param {HTMLElement} root */
export function mountPictures(root) {
  const box = mountLightbox();
  const compare = /** @type {HTMLButtonElement | null} */ (root.querySelector("[data-compare]"));
  compare?.addEventListener("click", () => box.compare(picturesOf(root)));
  root.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest("a[data-picture]") : null;
    if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    box.open(picturesOf(root), link.dataset.id ?? "");
  });
  return {
    /** Two kinds can be compared; the bank's come later than the page. */
    look() {
      if (compare) compare.hidden = new Set(picturesOf(root).map(({ kind }) => kind)).size < 2;
    },
  };
}
