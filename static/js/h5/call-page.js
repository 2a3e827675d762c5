// @ts-check
import { deviceClaims, InterviewClient, InterviewError, position } from "../../sdk/interview-client.js";
import { mountChat } from "./chat.js";
import { mountConsent } from "./consent.js";
import { mountDeviceCheck } from "./device-check.js";
import { onPress, sentenceOf, showTrouble, the, write } from "./dom.js";
import { clock, countdown, span } from "./format.js";
import { mountInCall } from "./in-call.js";

const KEPT_TOKEN = "interview-token";
const DECLINED = "未同意录音录像，无法进行视频面谈，请联系您的客户经理。";
const DIAL = 594; // the circle's circumference in the drawing

/** @typedef {import("../../sdk/interview-client.js").State} State */

/**
 * Which screen belongs to a phase of the SDK.
 * @param {string} phase
 */
export function stepOf(phase) {
  if (phase === "ringing") return "waiting";
  return phase === "connecting" || phase === "live" ? "call" : phase;
}

/**
 * The customer's way through one interview.
 * @param {HTMLElement} root
 * @param {{ ticket: string, kept: Storage, baseUrl?: string }} deps
 */
export async function mountCallPage(root, { ticket, kept, baseUrl = "" }) {
  const client = new InterviewClient({ ticket, baseUrl });
  const step = (/** @type {string} */ name) => the(root, `[data-step="${name}"]`, HTMLElement);

  /** @param {string} phase */
  function show(phase) {
    root.dataset.phase = phase;
    const name = stepOf(phase);
    if (the(root, `[data-step="${name}"]`, HTMLElement).hidden) scrollTo(0, 0);
    for (const each of root.querySelectorAll("[data-step]")) {
      if (each instanceof HTMLElement) each.hidden = each.dataset.step !== name;
    }
  }

  /** @param {unknown} error @param {() => void} [again] */
  function refuse(error, again) {
    const place = the(root, "#refusal", HTMLElement);
    place.textContent = sentenceOf(error);
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    place.dataset.refusalCode = code;
    the(root, "#admission-retry", HTMLElement).hidden = code !== "place_refused";
    const retry = the(root, "#refusal-retry", HTMLElement);
    retry.hidden = !again;
    retry.onclick = again ?? null;
    show("refused");
  }

  /** @param {Record<string, unknown>} more */
  async function enter(more = {}) {
    show("loading");
    try {
      const old = kept.getItem(KEPT_TOKEN);
      const session = ticket || !old
        ? await client.admit({ ...deviceClaims(navigator), ...more })
        : await client.resume(old);
      kept.setItem(KEPT_TOKEN, client.token);
      return session;
    } catch (error) {
      const isRetryable = error instanceof Error && "retryable" in error && error.retryable === true;
      refuse(error, isRetryable ? () => void run() : undefined);
      return null;
    }
  }

  onPress(the(root, "#admission-retry", HTMLElement), async () => {
    const gps = await position(navigator.geolocation);
    await run(gps ? { gps } : {});
  });
  client.addEventListener("refused", (event) => refuse(/** @type {CustomEvent} */ (event).detail));

  /** @param {Record<string, unknown>} [more] */
  async function run(more) {
    const session = await enter(more);
    if (!session) return;
    write(root, '[data-fact="product"]', session.task.product_name);
    write(root, '[data-fact="contract"]', session.task.contract_no);
    write(root, '[data-fact="party"]', `${session.party.name}（${session.party.roles.join("、")}）`);
    let serviceType = session.service_type;
    if (!session.consent.agreed) {
      show("consent");
      serviceType = await mountConsent(step("consent"), {
        session,
        agree: (version) => client.agree(version),
        sharePlace: async () => {
          const gps = await position(navigator.geolocation);
          if (gps) await client.sharePosition(gps);
        },
        decline: () => refuse(new InterviewError("declined", DECLINED), () => show("consent")),
      });
    }
    show("devices");
    client.useMedia(await mountDeviceCheck(step("devices")));
    mountLive(root, client, show, session.reconnect_window_s * 1000);
    show("ready");
    client.listen();
    onPress(the(root, "#call-in", HTMLElement), async () => {
      const here = step("ready");
      showTrouble(here, "");
      try {
        await client.callIn({ serviceType });
      } catch (error) {
        showTrouble(here, sentenceOf(error));
      }
    });
  }

  await run();
}

/**
 * Everything from the line to the end, drawn from the SDK's events.
 * @param {HTMLElement} root
 * @param {InterviewClient} client
 * @param {(phase: string) => void} show
 * @param {number} windowMs
 */
function mountLive(root, client, show, windowMs) {
  const callStep = the(root, '[data-step="call"]', HTMLElement);
  const inCall = mountInCall(callStep, client);
  const chat = mountChat(callStep, (text) => client.say(text));
  /** @type {State | null} */
  let state = null;
  let waitingSince = 0;
  let lostAt = 0;

  onPress(the(root, "#stop-waiting", HTMLElement), () => client.leave());
  onPress(the(root, "#reconnect-now", HTMLElement), () => client.reconnect());

  client.addEventListener("state", (event) => {
    const fresh = /** @type {State} */ (/** @type {CustomEvent} */ (event).detail);
    const isBack = fresh.phase === "ready" && state !== null && state.phase !== "ready";
    state = fresh;
    if (fresh.phase === "waiting" || fresh.phase === "ringing") {
      waitingSince ||= (fresh.request?.arrived_unix_ms ?? client.serverNow()) - client.clockOffsetMs;
    }
    else waitingSince = 0;
    if (fresh.phase === "reconnecting") lostAt ||= Date.now();
    else lostAt = 0;
    write(root, "#waiting-title", fresh.phase === "ringing" ? "坐席即将接听" : "正在为您接通坐席");
    if (isBack) write(root, "#ready-note", "您已离开，可以在预约时段内再次呼入。");
    inCall.show(fresh);
    chat.show(fresh.messages, fresh.participant_id);
    show(fresh.phase);
    tick();
  });

  client.addEventListener("ended", (event) => {
    const completion = /** @type {import("../../sdk/interview-client.js").Completion} */ (
      /** @type {CustomEvent} */ (event).detail
    );
    write(root, "#completion-message", completion.message);
    write(root, "#receipt-no", completion.receipt_no);
    write(root, "#call-span", span(completion.started_unix_ms, completion.ended_unix_ms ?? client.serverNow()));
    write(root, "#missing", completion.missing.map(({ name, roles }) => `${name}（${roles.join("、")}）`).join("、"));
    for (const part of root.querySelectorAll("[data-missing]")) part.toggleAttribute("hidden", completion.missing.length === 0);
    for (const track of client.local?.getTracks() ?? []) track.stop();
    show("ended");
  });

  function tick() {
    if (waitingSince) write(root, "#waited", clock(Date.now() - waitingSince));
    if (lostAt) {
      const own = state?.call?.participants.find(({ id }) => id === state?.participant_id);
      const until = own?.reconnect_until_unix_ms;
      const left = until ? until - client.serverNow() : windowMs - (Date.now() - lostAt);
      write(root, "#reconnect-left", countdown(left));
      const share = Math.min(1, Math.max(0, left / windowMs));
      the(root, "#reconnect-arc", SVGElement).style.strokeDashoffset = String(DIAL * (1 - share));
    }
    inCall.tick();
  }
  setInterval(tick, 1000);
}
