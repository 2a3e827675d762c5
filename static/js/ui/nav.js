// @ts-check
/** The menus of the bar close when the person turns to something else. */

/**
 * Whether an open menu stays open.
 * @param {{ key?: string, inside: boolean }} event
 */
export function stays({ key, inside }) {
  return key === undefined ? inside : key !== "Escape";
}

/** @param {Document} page */
export function start(page) {
  for (const menu of /** @type {NodeListOf<HTMLDetailsElement>} */ (page.querySelectorAll(".nav__more, .told details"))) {
    /** @param {Event} event */
    const look = (event) => {
      if (!menu.open) return;
      const key = event instanceof KeyboardEvent ? event.key : undefined;
      const inside = event.composedPath().includes(menu);
      if (stays({ key, inside })) return;
      menu.open = false;
      if (key !== undefined) menu.querySelector("summary")?.focus();
    };
    page.addEventListener("click", look);
    page.addEventListener("keydown", look);
  }
}

if (typeof document !== "undefined") start(document);
