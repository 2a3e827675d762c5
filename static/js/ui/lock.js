// @ts-check
/**
 * Covers a page nobody works on until the person has shown who it is (ACC). The server says when, and
 * answers nothing else meanwhile; what stands in the page stays there.
 */

const TELL_MS = 60_000; // somebody who works is told of this often at most
const LOOK_MS = 60_000; // and this often a page looks that nothing locks, or that another tab may unlock
const ACTS = ["pointerdown", "keydown", "wheel"];

/**
 * @param {HTMLDialogElement} dialog
 * @param {{ token: string, fetch?: typeof fetch, now?: () => number, reload?: () => void }} deps
 */
export function mountLock(dialog, { token, fetch = globalThis.fetch.bind(globalThis), now = Date.now, reload = () => location.reload() }) {
  const { idleUrl = "", againUrl = "" } = dialog.dataset;
  const field = /** @type {HTMLInputElement} */ (dialog.querySelector("#lock-proof"));
  const wrong = /** @type {HTMLElement} */ (dialog.querySelector("#lock-wrong"));
  let acted = 0; // when somebody did something here
  let told = now(); // and when the server last knew: the page itself was asked for
  let title = "";
  let isCovered = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** Ask, or tell that somebody is at work; then cover, uncover, or look again when it is time. */
  async function look() {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), LOOK_MS);
    const works = !isCovered && acted > told;
    const asked = now();
    try {
      const answer = await fetch(idleUrl, { method: works ? "POST" : "GET", headers: { "X-CSRFToken": token } });
      if (answer.ok) {
        const { locked, left_s } = await answer.json();
        if (locked) return cover();
        if (works) told = asked;
        if (isCovered) uncover();
        if (left_s !== null) again(left_s);
      }
    } catch {
      // The network is away: the next look asks again, and the server keeps its own time.
    }
  }

  /** @param {number} left_s */
  function again(left_s) {
    clearTimeout(timer);
    timer = setTimeout(() => void look(), Math.max(1, left_s + 1) * 1000);
  }

  function act() {
    acted = now();
    if (!isCovered && acted - told > TELL_MS) void look();
  }

  function cover() {
    if (isCovered) return;
    isCovered = true;
    title = document.title;
    document.title = dialog.querySelector("h1")?.textContent ?? "";
    for (const media of document.querySelectorAll("video, audio")) /** @type {HTMLMediaElement} */ (media).pause();
    document.body.classList.add("is-locked");
    dialog.showModal();
    field.focus();
  }

  function uncover() {
    isCovered = false;
    field.value = wrong.textContent = "";
    document.title = title;
    document.body.classList.remove("is-locked");
    dialog.close();
  }

  /** @param {Event} event */
  async function unlock(event) {
    if (/** @type {SubmitEvent} */ (event).submitter?.hasAttribute("formaction")) return; // logs out
    event.preventDefault();
    const proof = field.value;
    field.value = wrong.textContent = "";
    try {
      const answer = await fetch(againUrl, { method: "POST", headers: { "X-CSRFToken": token }, body: new URLSearchParams({ proof }) });
      if (answer.ok) {
        told = now();
        uncover();
        return void look();
      }
      if (answer.status === 401) return reload(); // the login itself is over
      wrong.textContent = answer.status === 403 ? "密码或验证码不正确。" : "尝试过多，账号已锁定，请稍后再试或联系管理员。";
    } catch {
      wrong.textContent = "网络不通，请稍后再试。";
    }
    field.focus();
  }

  for (const kind of ACTS) document.addEventListener(kind, act, { capture: true, passive: true });
  document.addEventListener("visibilitychange", () => void (document.visibilityState === "visible" && look()));
  dialog.addEventListener("keydown", (event) => event.stopPropagation()); // no key of the page's
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => isCovered && dialog.showModal());
  dialog.querySelector("form")?.addEventListener("submit", (event) => void unlock(event));
  timer = setTimeout(() => void look(), LOOK_MS);
}
