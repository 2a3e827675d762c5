// @ts-check
/** Finding a province, city or county by typing part of its name or code. */

/** @typedef {{ code: string, name: string, full_name: string, latitude: number | null, longitude: number | null }} Place */

const ASK_AFTER_MS = 200;

/**
 * @param {HTMLInputElement} input
 * @param {(words: string) => Promise<Place[]>} find
 * @param {(place: Place) => void} choose
 */
export function mountRegionSearch(input, find, choose) {
  const list = document.createElement("ul");
  list.className = "places";
  list.hidden = true;
  input.after(list);
  input.autocomplete = "off";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let asked = 0;

  function close() {
    list.hidden = true;
    list.replaceChildren();
  }

  /** @param {Place} place */
  function option(place) {
    const item = document.createElement("li");
    const button = document.createElement("button");
    button.type = "button";
    const code = document.createElement("span");
    code.textContent = place.code;
    button.append(place.full_name, " ", code);
    button.addEventListener("click", () => {
      close();
      choose(place);
    });
    item.append(button);
    return item;
  }

  async function ask() {
    const words = input.value.trim();
    if (!words) return close();
    const mine = ++asked;
    const places = await find(words).catch(() => []);
    if (mine !== asked) return;
    list.replaceChildren(...places.map(option));
    list.hidden = places.length === 0;
  }

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), ASK_AFTER_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    const first = list.querySelector("button");
    if (event.key === "ArrowDown" && first) {
      event.preventDefault();
      first.focus();
    }
  });
  list.addEventListener("keydown", (event) => {
    const here = document.activeElement?.closest("li");
    const next = { ArrowDown: here?.nextElementSibling, ArrowUp: here?.previousElementSibling }[event.key];
    if (event.key === "Escape") {
      close();
      input.focus();
    } else if (next) {
      event.preventDefault();
      next.querySelector("button")?.focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target !== input && !(event.target instanceof Node && list.contains(event.target))) close();
  });
}
