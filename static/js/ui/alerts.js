// @ts-check
/** 告警: one of them as it is shown, on the wallboard and in the head of every page; and that head. */
import { clock, el, icon } from "./dom.js";

const ASK_EVERY_MS = 10_000;
const TOAST_MS = 8000;
const BLIND_AFTER_S = 15;
// Kept by the browser: another page, or another tab, tells and sounds nothing twice.
const TOLD = "alerts-told";
const SOUND = "alerts-sound";

/** @typedef {{ id: number, level: string, title: string, text: string, fired_unix_ms: number, acknowledged_by: string,
 *   may_acknowledge?: boolean }} Alert */
/** @typedef {{ at_unix_ms: number, alerts: Alert[], alerts_age_s: number | null }} Told */

/** @param {Told} told what must not look like "no alerts" */
export const isBlind = ({ alerts_age_s: age }) => age === null || age > BLIND_AFTER_S;

/**
 * What the head says: how many nobody has taken care of, and how it looks.
 * @param {Told} told
 */
export function summaryOf(told) {
  const open = told.alerts.filter((alert) => !alert.acknowledged_by);
  const blind = isBlind(told);
  const count = open.length + (blind ? 1 : 0);
  const look = blind || open.some(({ level }) => level === "stop") ? "is-down" : open.length ? "is-busy" : "";
  const words = count ? `${count} 条告警待确认` : `${told.alerts.length} 条告警，均已确认`;
  return { count: count || told.alerts.length, look, words };
}

/**
 * Those that began after what was told last.
 * @param {Alert[]} alerts @param {number} toldMs
 */
export const newOf = (alerts, toldMs) => alerts.filter((alert) => !alert.acknowledged_by && alert.fired_unix_ms > toldMs);

/**
 * @param {Alert} alert @param {number} nowMs
 * @param {((id: number) => Promise<string>) | null} acknowledge where one can
 */
export function alertHint(alert, nowMs, acknowledge) {
  const made = el(
    "div", { class: `hint hint--${alert.level}`, "data-alert": String(alert.id) },
    icon("alert"), el("b", {}, alert.title), el("time", {}, clock((nowMs - alert.fired_unix_ms) / 1000)), el("p", {}, alert.text),
  );
  if (alert.acknowledged_by) made.append(el("p", {}, `${alert.acknowledged_by} 已确认`));
  else if (acknowledge && alert.may_acknowledge) {
    const button = el("button", { class: "btn btn--sm", type: "button", "aria-label": `确认：${alert.title}` }, "确认");
    button.addEventListener("click", async () => {
      button.setAttribute("disabled", "");
      button.replaceWith(await acknowledge(alert.id));
    });
    made.append(el("p", {}, button));
  }
  return made;
}

/** What stands there when nobody looks whether there is something. */
export const blindHint = () =>
  el("div", { class: "hint hint--stop" }, icon("alert"), el("b", {}, "告警规则没有在核对"), el("p", {}, "请检查后台任务（Celery）是否在运行"));

/** @param {string} url with 0 for the alert @param {string} token */
export const acknowledgeBy = (url, token) => async (/** @type {number} */ id) => {
  const answer = await fetch(url.replace("/0/", `/${id}/`), { method: "POST", headers: { "X-CSRFToken": token } });
  const told = await answer.json().catch(() => ({}));
  return answer.ok ? `${told.acknowledged_by} 已确认` : String(told.detail ?? "未成功");
};

/**
 * @param {HTMLElement} root
 * @param {{ token: string, chime: () => Promise<void>, store?: Storage }} deps
 */
export function mountAlerts(root, { token, chime, store = localStorage }) {
  const find = (/** @type {string} */ which) => /** @type {HTMLElement} */ (root.querySelector(which));
  const details = /** @type {HTMLDetailsElement} */ (find("details"));
  const badge = find("summary");
  const list = find(".told__list");
  const toast = find(".told__toast");
  const sound = /** @type {HTMLInputElement} */ (find("[name=sound]"));
  const acknowledge = acknowledgeBy(root.dataset.acknowledgeUrl ?? "", token);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  async function ask() {
    clearTimeout(timer);
    timer = setTimeout(() => void ask(), ASK_EVERY_MS);
    try {
      const answer = await fetch(root.dataset.liveUrl ?? "", { signal: AbortSignal.timeout(5000) });
      if (answer.ok) show(await answer.json());
    } catch {
      // What was told stays; the next asking tries again.
    }
  }

  /** @param {Told} told */
  function show(told) {
    const { count, look, words } = summaryOf(told);
    details.hidden = count === 0;
    badge.className = `told__badge ${look}`;
    badge.setAttribute("aria-label", words);
    badge.title = words;
    find("summary b").textContent = String(count);
    const rows = told.alerts.map((alert) => alertHint(alert, told.at_unix_ms, acknowledge));
    if (!list.contains(document.activeElement)) list.replaceChildren(...(isBlind(told) ? [blindHint()] : []), ...rows);
    tell(newOf(told.alerts, Number(store.getItem(TOLD) ?? 0)));
  }

  /** @param {Alert[]} fresh */
  function tell(fresh) {
    const [first] = fresh;
    if (!first) return;
    store.setItem(TOLD, String(Math.max(...fresh.map((alert) => alert.fired_unix_ms))));
    toast.textContent = fresh.length > 1 ? `新告警 ${fresh.length} 条：${first.title} 等` : `新告警：${first.title}`;
    setTimeout(() => toast.replaceChildren(), TOAST_MS);
    if (sound.checked) void chime().catch(() => undefined); // refused without a gesture: the words stay
  }

  sound.checked = store.getItem(SOUND) === "1";
  sound.addEventListener("change", () => store.setItem(SOUND, sound.checked ? "1" : "0"));
  document.addEventListener("visibilitychange", () => void (document.visibilityState === "visible" && ask()));
  void ask();
}
