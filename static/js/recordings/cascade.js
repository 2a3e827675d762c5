// @ts-check
/** Province, city, county: each list holds what lies in the one above it. */

/** @typedef {{code: string, name: string}} Place */

/**
 * @param {HTMLElement} form holds selects with `data-under`, the name of the select above ("" for none)
 * @param {(code: string) => Promise<Place[]>} ask for the places below a code
 */
export function mountCascade(form, ask) {
  const selects = /** @type {HTMLSelectElement[]} */ ([...form.querySelectorAll("select[data-under]")]);
  /** @param {HTMLSelectElement} upper */
  const below = (upper) => selects.find((select) => select.dataset.under === upper.name);

  /** @param {HTMLSelectElement} select */
  function empty(select) {
    select.replaceChildren(new Option("全部", ""));
    select.disabled = true;
    const next = below(select);
    if (next) empty(next);
  }

  for (const select of selects) {
    if (select.options.length < 2) select.disabled = true;
    select.addEventListener("change", async () => {
      const lower = below(select);
      if (!lower) return;
      empty(lower);
      const code = select.value;
      if (!code) return;
      const places = await ask(code).catch(() => []);
      if (select.value !== code) return;
      lower.append(...places.map((place) => new Option(place.name, place.code)));
      lower.disabled = places.length === 0;
    });
  }
}
