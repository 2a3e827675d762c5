// @ts-check
/**
 * The name of this page: kept over a reload, so that the reloaded page need not take over from
 * itself; a duplicated tab copies the storage but is no reload, and gets a name of its own.
 * @param {{ storage?: Storage, isReload?: boolean }} [options]
 */
export function pageName({ storage = sessionStorage, isReload = wasReloaded() } = {}) {
  const known = isReload ? storage.getItem("workbench-page") : null;
  const name = known ?? crypto.randomUUID();
  storage.setItem("workbench-page", name);
  return name;
}

function wasReloaded() {
  const [entry] = performance.getEntriesByType("navigation");
  return /** @type {PerformanceNavigationTiming | undefined} */ (entry)?.type === "reload";
}
