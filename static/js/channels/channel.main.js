// @ts-check
/** The channel's form: regions found by name, fences on a map. */
import { mountFenceMap } from "./fence-map.js";
import { mountRegionSearch } from "./regions.js";

const LEVEL_M = [0, 300_000, 60_000, 12_000];
const root = document.querySelector("[data-channel]");
if (root instanceof HTMLElement) mount(root);

/** @param {HTMLElement} root */
function mount(root) {
  /** @param {string | undefined} url @param {Record<string, string>} query @returns {Promise<any[]>} */
  async function ask(url, query) {
    const response = await fetch(`${url}?${new URLSearchParams(query)}`);
    if (!response.ok) throw new Error(String(response.status));
    return (await response.json()).places;
  }
  const find = (/** @type {string} */ words) => ask(root.dataset.regionsUrl, { q: words });
  const around = (/** @type {import("./geometry.js").Point} */ point, /** @type {number} */ metres) =>
    ask(root.dataset.placesUrl, {
      latitude: String(point.latitude), longitude: String(point.longitude), metres: String(Math.ceil(metres)),
    });
  const template = root.querySelector("[data-fence-template]");
  /** @type {HTMLElement | null} */
  let open = null;

  /** @param {Element} row @param {string} name @returns {any} */
  const field = (row, name) => row.querySelector(`[name$="-${name}"]`);

  /** @param {Element} row */
  function withSearch(row) {
    const name = field(row, "name");
    const code = field(row, "code");
    if (!(name instanceof HTMLInputElement) || !(code instanceof HTMLInputElement)) return;
    for (const input of [name, code]) {
      mountRegionSearch(input, find, (place) => {
        name.value = place.full_name.replaceAll(" ", "");
        code.value = place.code;
      });
    }
    name.placeholder = "输入省、市、区县查找";
  }

  /** @param {Element} row */
  function withMap(row) {
    const name = field(row, "name");
    if (!(name instanceof HTMLInputElement) || !(template instanceof HTMLTemplateElement)) return;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "linklike fence__open";
    button.textContent = "地图";
    button.addEventListener("click", () => show(row, name));
    name.after(button);
  }

  /** @param {Element} row @param {HTMLInputElement} name */
  function show(row, name) {
    if (!(template instanceof HTMLTemplateElement)) return;
    open?.remove();
    const copy = template.content.firstElementChild?.cloneNode(true);
    if (!(copy instanceof HTMLElement)) return;
    open = copy;
    const title = copy.querySelector("[data-fence-name]");
    if (title) title.textContent = name.value || "新围栏";
    row.closest(".inline-group")?.after(copy);
    const go = mountFenceMap(copy, {
      latitude: field(row, "latitude"), longitude: field(row, "longitude"),
      radius: field(row, "radius_m"), corners: field(row, "corners"),
    }, around);
    const search = copy.querySelector("[data-region-search]");
    if (search instanceof HTMLInputElement) {
      mountRegionSearch(search, find, (place) => {
        search.value = place.full_name;
        if (place.latitude === null || place.longitude === null) return;
        const level = place.code.endsWith("0000") ? 1 : place.code.endsWith("00") ? 2 : 3;
        go({ latitude: place.latitude, longitude: place.longitude }, LEVEL_M[level] ?? 12_000);
      });
    }
    copy.scrollIntoView({ block: "nearest" });
  }

  for (const row of root.querySelectorAll("#regions-group .form-row:not(.empty-form)")) withSearch(row);
  for (const row of root.querySelectorAll("#fences-group .form-row:not(.empty-form)")) withMap(row);
  document.addEventListener("formset:added", (event) => {
    if (!(event.target instanceof Element)) return;
    if (event.target.closest("#regions-group")) withSearch(event.target);
    if (event.target.closest("#fences-group")) withMap(event.target);
  });
  const wanted = root.querySelector('[data-region-wants="code"]');
  if (wanted instanceof HTMLInputElement) {
    mountRegionSearch(wanted, find, (place) => {
      wanted.value = place.code;
    });
  }
}
