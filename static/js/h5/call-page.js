// @ts-check
import { deviceClaims, InterviewClient, InterviewError, position } from "../../sdk/interview-client.js";
import { hostOf } from "../../sdk/remedies.js";
import { mountRating, mountReceipt } from "./after.js";
import { mountChat } from "./chat.js";
import { guardLeaving, keepAwake, mountComfort, openDialog, shake } from "./comfort.js";
import { mountConsent } from "./consent.js";
import { mountDeviceCheck } from "./device-check.js";
import { onPress, sentenceOf, showTrouble, the, write } from "./dom.js";
import { checkLines, clock, countdown, span, waitWord } from "./format.js";
import { followPosition, mayLocate } from "./follow-position.js";
import { mountInCall } from "./in-call.js";
import { mountRescueBar } from "./rescue-bar.js";
import { chime } from "../ui/chime.js";

const KEPT_TOKEN = "interview-token";
const KEPT_PLACE = "interview-place"; // the party that agreed to telling where it is
const DECLINED = "未同意录音录像，无法进行视频面谈，请联系您的客户经理。";
const WAITING = /** @type {Record<string, string>} */ ({ ringing: "坐席即将接听", knocking: "等待坐席同意您进入" });
const BUSY = new Set(["waiting", "ringing", "knocking", "connecting", "live", "reconnecting"]);
const DIAL = 594; // the circle's circumference in the drawing

/** @typedef {import("../../sdk/interview-client.js").State} State */

/**
 * Which screen belongs to a phase of the SDK.
 * @param {string} phase
 */
export function stepOf(phase) {
  if (phase === "ringing" || phase === "knocking") return "waiting";
  return phase === "connecting" || phase === "live" ? "call" : phase;
}

/**
 * The customer's way through one interview.
 * @param {HTMLElement} root
 * @param {{ ticket: string, kept: Storage, baseUrl?: string }} deps
 */
export async function mountCallPage(root, { ticket, kept, baseUrl = "" }) {
  const client = new InterviewClient({ ticket, baseUrl });
  const comfort = mountComfort(root, { kept });
  const isBusy = () => BUSY.has(root.dataset.phase ?? "");
  const stayAwake = keepAwake({ isWanted: isBusy });
  const step = (/** @type {string} */ name) => the(root, `[data-step="${name}"]`, HTMLElement);

  /** @param {string} phase */
  function show(phase) {
    if (root.dataset.phase !== phase) comfort.stop();
    root.dataset.phase = phase;
    void stayAwake();
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
  const tellRescue = mountRescueBar(root, { again: () => client.sendRescue() });
  client.addEventListener("rescue", (event) => tellRescue(/** @type {CustomEvent} */ (event).detail));
  client.addEventListener("refused", (event) => refuse(/** @type {CustomEvent} */ (event).detail));

  /** @param {Record<string, unknown>} [more] */
  async function run(more) {
    const session = await enter(more);
    if (!session) return;
    write(root, '[data-fact="product"]', session.task.product_name);
    write(root, '[data-fact="contract"]', session.task.contract_no);
    write(root, '[data-fact="bring"]', session.bring.join("、"));
    write(root, '[data-fact="party"]', `${session.party.name}（${session.party.roles.join("、")}）`);
    let serviceType = session.service_type;
    if (!session.consent.agreed) {
      kept.removeItem(KEPT_PLACE);
      show("consent");
      serviceType = await mountConsent(step("consent"), {
        session,
        agree: (version) => client.agree(version),
        sharePlace: async () => {
          const gps = await position(navigator.geolocation);
          if (!gps) return;
          kept.setItem(KEPT_PLACE, session.party.id);
          await client.sharePosition(gps);
        },
        decline: () => refuse(new InterviewError("declined", DECLINED), () => show("consent")),
      });
    }
    show("devices");
    client.useMedia(await checkDevices());
    mountLive(root, client, { show, comfort, session });
    if (session.options.follow_position && kept.getItem(KEPT_PLACE) === session.party.id) mountFollowing(client);
    await askOptions(root, client);
    guardLeaving({ isNeeded: isBusy, ask: () => askLeaving(root) });
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

  /** The check right before the call; its result is on the appointment, too. */
  async function checkDevices() {
    const seconds = client.session?.options.network_test_s ?? 0;
    const host = hostOf(navigator.userAgent);
    const { stream, microphone, speaker, network } = await mountDeviceCheck(step("devices"), {
      goOn: "看得见也听得到，继续",
      wish: client.cameraWish(),
      handOver: () => client.handOver(),
      testNetwork: seconds
        ? (local, progress) => {
            client.useMedia(local);
            return client.testNetwork({ seconds, progress });
          }
        : null,
    });
    const check = {
      camera: true, microphone, speaker, host,
      network: network?.grade ?? "unknown",
      loss_percent: network?.lossPercent ?? null, rtt_ms: network?.rttMs ?? null, kbps: network?.kbps ?? null,
    };
    the(root, "#ready-check").replaceChildren(
      ...checkLines(check).map(({ text, isGood }) =>
        Object.assign(document.createElement("li"), { textContent: text, className: isGood ? "" : "is-bad" }),
      ),
    );
    // The check helps the seat; a call does not wait for it.
    void client.noteCheck(check).catch((error) => {
      if (!(error instanceof InterviewError)) throw error;
    });
    return stream;
  }

  await run();
}

/** The back key asks as the button does. @param {HTMLElement} root */
function askLeaving(root) {
  const isCall = stepOf(root.dataset.phase ?? "") === "call";
  if (isCall) openDialog(root, "#leave-ask");
}

/**
 * Everything from the line to the end, drawn from the SDK's events.
 * @param {HTMLElement} root
 * @param {InterviewClient} client
 * @param {{
 *   show: (phase: string) => void,
 *   comfort: ReturnType<typeof mountComfort>,
 *   session: import("../../sdk/interview-client.js").Session,
 * }} deps
 */
function mountLive(root, client, { show, comfort, session }) {
  const windowMs = session.reconnect_window_s * 1000;
  const callStep = the(root, '[data-step="call"]', HTMLElement);
  const endedStep = the(root, '[data-step="ended"]', HTMLElement);
  const inCall = mountInCall(callStep, client, comfort.toggle);
  mountRating(endedStep, { isOn: session.options.rating, rate: (stars) => client.rate(stars) });
  mountReceipt(endedStep);
  const chat = mountChat(callStep, (text) => client.say(text));
  /** @type {State | null} */
  let state = null;
  let waitingSince = 0;
  let lostAt = 0;

  onPress(the(root, "#stop-waiting", HTMLElement), () => client.leave());
  onPress(the(root, "#reconnect-now", HTMLElement), () => client.reconnect());
  onPress(the(root, "#continue-here", HTMLElement), () => client.reconnect());

  client.addEventListener("state", (event) => {
    const fresh = /** @type {State} */ (/** @type {CustomEvent} */ (event).detail);
    if (fresh.phase === "ringing" && state?.phase !== "ringing") {
      shake(navigator);
      void chime();
    }
    const isBack = fresh.phase === "ready" && state !== null && state.phase !== "ready";
    state = fresh;
    if (fresh.phase === "waiting" || fresh.phase === "ringing" || fresh.phase === "knocking") {
      waitingSince ||= (fresh.request?.arrived_unix_ms ?? client.serverNow()) - client.clockOffsetMs;
    }
    else waitingSince = 0;
    if (fresh.phase === "reconnecting") lostAt ||= Date.now();
    else lostAt = 0;
    write(root, "#waiting-title", WAITING[fresh.phase] ?? "正在为您接通坐席");
    showQueue(root, fresh.request?.queue);
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
    if (waitingSince) write(root, "[data-waited]", clock(Date.now() - waitingSince));
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

/** The labels go with the person while the call lasts (SDK-6). @param {InterviewClient} client */
function mountFollowing(client) {
  /** @type {(() => void) | null} */
  let stop = null;
  let isIn = false;
  client.addEventListener("state", async (event) => {
    const { phase, labels } = /** @type {State} */ (/** @type {CustomEvent} */ (event).detail);
    const wasIn = isIn;
    isIn = phase === "live" || (wasIn && phase === "reconnecting");
    if (isIn && !wasIn && (await mayLocate(navigator.permissions)) && isIn) {
      stop ??= followPosition(navigator.geolocation, (gps) => client.sharePosition(gps), labels.gps);
    } else if (!isIn) {
      stop?.();
      stop = null;
    }
  });
}

/**
 * Where one stands in the line; only when the bank shows it.
 * @param {HTMLElement} root
 * @param {import("../../sdk/interview-client.js").QueuePlace | undefined} place
 */
function showQueue(root, place) {
  for (const part of root.querySelectorAll("[data-queue]")) part.toggleAttribute("hidden", !place);
  for (const part of root.querySelectorAll("[data-no-queue]")) part.toggleAttribute("hidden", Boolean(place));
  if (!place) return;
  write(root, "#queue-position", `第 ${place.position} 位`);
  write(root, "#queue-ahead", String(place.ahead));
  write(root, "#queue-estimate", waitWord(place));
}

/**
 * Each recognition is asked for by itself; without it the interview goes its ordinary way.
 * @param {HTMLElement} root @param {InterviewClient} client
 */
async function askOptions(root, client) {
  for (const option of client.session?.options.recognition ?? []) {
    if (option.agreed) continue;
    const dialog = openDialog(root, "#option");
    write(root, "#option-title", option.title);
    write(root, "#option-text", option.text);
    write(root, "#option-else", option.alternative);
    await new Promise((resolve) => {
      dialog.oncancel = (event) => event.preventDefault();
      the(root, "#option-no", HTMLElement).onclick = resolve;
      the(root, "#option-yes", HTMLElement).onclick = async () => {
        try {
          await client.agreeToOption(option);
          resolve(null);
        } catch (error) {
          write(root, "#option-else", sentenceOf(error));
        }
      };
    });
    dialog.close();
  }
}
