// @ts-check
import { mountCard, mountContract, mountStill } from "./asked.js";
import { contentOf, mountContent } from "./content.js";
import { onPress, sentenceOf, the, write } from "./dom.js";
import { clock, coordinates, countdown, stamp } from "./format.js";

/**
 * @typedef {import("../../sdk/interview-client.js").InterviewClient} InterviewClient
 * @typedef {import("../../sdk/interview-client.js").State} State
 * @typedef {import("../../sdk/interview-client.js").Participant} Participant
 */

/** As many stand on the seat's picture without covering a face; more get a strip of their own. */
const MATES_BESIDE = 3;

/**
 * The call's screen: the seat large, the others small, the own picture with its data labels.
 * @param {HTMLElement} step
 * @param {InterviewClient} client
 * @param {(button: HTMLElement, text: string) => void} read reads a text aloud, or stops
 */
export function mountInCall(step, client, read) {
  const seatVideo = the(step, 'video[data-role="seat"]', HTMLVideoElement);
  const content = mountContent(step, client);
  const selfVideo = the(step, 'video[data-role="self"]', HTMLVideoElement);
  /** @type {Map<string, MediaStream>} */
  let streams = new Map();
  /** @type {State | null} */
  let state = null;

  client.addEventListener("tiles", (event) => {
    streams = /** @type {CustomEvent} */ (event).detail;
    drawTiles();
  });
  client.addEventListener("local", (event) => show(selfVideo, /** @type {CustomEvent} */ (event).detail));
  show(selfVideo, client.local);
  mountControls(step, client);
  mountNetworkLine(step, client);
  mountContract(step, client);
  const card = mountCard(step, client, read);
  const still = mountStill(step, client);
  if (client.session?.options.face_reminder) {
    void import("./face-reminder.js").then(({ mountFaceReminder }) =>
      mountFaceReminder({
        video: selfVideo,
        isOn: () => state?.phase === "live" && state.guide !== "document" && client.facing === "user",
        tell: (text) => tell(step, text),
        report: (what) => void client.report(what),
      }),
    );
  }
  const reader = the(step, "#script-read", HTMLElement);
  onPress(reader, () => read(reader, state?.script ?? ""));

  function drawTiles() {
    const people = (state?.call?.participants ?? []).filter(({ id }) => id !== state?.participant_id);
    const seat = people.find(({ role }) => role === "seat");
    seatVideo.dataset.tile = seat?.id ?? "";
    show(seatVideo, seat ? (streams.get(seat.id) ?? null) : null);
    the(step, "#seat-hint", HTMLElement).hidden = seat?.state === "PRESENT" && seatVideo.srcObject !== null;
    write(step, "#seat-hint", hintOf(seat, client.serverNow()));
    write(step, "#seat-name", seat ? `坐席 ${seat.name} ${seat.staff_no ?? ""}` : "");
    content.show(state?.call, streams);
    // What is shown takes the seat's place; the seat stands with the others then.
    const isSmall = contentOf(state?.call) !== null;
    const mates = people.filter(({ role, state: there }) => there === "PRESENT" && (isSmall || role !== "seat"));
    if (mates.length > MATES_BESIDE) step.dataset.strip = String(Math.ceil(mates.length / 4));
    else delete step.dataset.strip;
    drawMates(the(step, "#mates", HTMLElement), mates, streams);
  }

  return {
    /** @param {State} fresh */
    show(fresh) {
      state = fresh;
      drawTiles();
      write(step, "#record-word", fresh.phase !== "live" ? "接通中" : fresh.call?.recording_on ? "录制中" : "未录制");
      write(step, "#script-text", fresh.script ?? "");
      the(step, "#script-line", HTMLElement).hidden = !fresh.script;
      the(step, "#guide-face", SVGElement).toggleAttribute("hidden", fresh.guide !== "face");
      the(step, "#guide-document", SVGElement).toggleAttribute("hidden", fresh.guide !== "document");
      the(step, "#guide-word", HTMLElement).hidden = !fresh.guide;
      write(step, "#guide-word", fresh.guide === "document" ? "请将证件放入框内" : "请将面部放入框内");
      the(step, "#flip").classList.toggle("cc__btn--ask", fresh.guide === "document" && client.facing === "user");
      const watched = watchedLine(fresh.call);
      the(step, "#watched-line", HTMLElement).hidden = !watched;
      write(step, "#watched-line", watched);
      card.show(fresh.card);
      still.show(fresh.still);
      write(step, "#label-product", fresh.labels.product);
      const gps = the(step, "#label-gps", HTMLElement);
      gps.hidden = !fresh.labels.gps;
      gps.textContent = fresh.labels.gps ? coordinates(fresh.labels.gps) : "";
    },
    /** Once a second. */
    tick() {
      write(step, "#label-time", stamp(client.serverNow()));
      const seat = state?.call?.participants.find(({ role }) => role === "seat");
      write(step, "#seat-hint", hintOf(seat, client.serverNow()));
      const since = state?.call?.live_unix_ms ?? state?.call?.clock_unix_ms;
      write(step, "#call-timer", since ? clock(client.serverNow() - since) : "00:00");
    },
  };
}

/**
 * What stands in the seat's place while there is no picture: how long its place is kept, too.
 * @param {Pick<Participant, "state" | "reconnect_until_unix_ms"> | undefined} seat
 * @param {number} now the server's time
 */
export function hintOf(seat, now) {
  if (seat?.state !== "LOST") return "正在接通画面…";
  const left = seat.reconnect_until_unix_ms ? `（${countdown(seat.reconnect_until_unix_ms - now)}）` : "";
  return `坐席网络中断，正在自动重连${left}，请不要离开`;
}

/**
 * Who of the bank is there besides the seat; empty when nobody is.
 * @param {{ participants: readonly Pick<Participant, "role">[], listeners?: readonly unknown[] } | null | undefined} call
 */
export function watchedLine(call) {
  if (call?.participants.some(({ role }) => role === "supervisor")) return "坐席主管已加入通话";
  return call?.listeners?.length ? "坐席主管正在旁听" : "";
}

/** @param {HTMLVideoElement} video @param {MediaStream | null} stream */
function show(video, stream) {
  if (video.srcObject === stream) return;
  video.srcObject = stream;
  if (stream) void video.play().catch(() => undefined); // autoplay refused: the first touch plays it
}

/**
 * @param {HTMLElement} place
 * @param {Participant[]} people
 * @param {Map<string, MediaStream>} streams
 */
function drawMates(place, people, streams) {
  for (const old of [...place.children]) {
    if (old instanceof HTMLElement && !people.some(({ id }) => id === old.dataset.mate)) old.remove();
  }
  for (const { id, name, role } of people) {
    let tile = place.querySelector(`[data-mate="${CSS.escape(id)}"]`);
    if (!tile) {
      tile = document.createElement("figure");
      tile.className = "cc__mate";
      tile.setAttribute("data-mate", id);
      const video = document.createElement("video");
      video.autoplay = true;
      video.playsInline = true;
      video.dataset.tile = id;
      video.muted = role === "seat"; // heard through the large picture
      const label = document.createElement("span");
      label.textContent = role === "supervisor" ? `主管 ${name}` : name;
      tile.append(video, label);
      place.append(tile);
    }
    const video = tile.querySelector("video");
    if (video) show(video, streams.get(id) ?? null);
  }
}

/** @param {HTMLElement} step @param {InterviewClient} client */
function mountControls(step, client) {
  const mute = the(step, "#mute", HTMLElement);
  const ask = the(step, "#leave-ask", HTMLDialogElement);
  onPress(mute, () => {
    const isMuted = mute.getAttribute("aria-pressed") !== "true";
    client.muteMicrophone(isMuted);
    mute.setAttribute("aria-pressed", String(isMuted));
    write(mute, "span", isMuted ? "已静音" : "静音");
  });
  onPress(the(step, "#flip", HTMLElement), async () => {
    try {
      await client.switchCamera();
    } catch (error) {
      tell(step, sentenceOf(error));
    }
    the(step, "[data-own-picture]").classList.toggle("is-back", client.facing === "environment");
    the(step, "#flip").classList.remove("cc__btn--ask");
  });
  onPress(the(step, "#leave", HTMLElement), () => ask.showModal());
  onPress(the(step, "#leave-no", HTMLElement), () => ask.close());
  onPress(the(step, "#leave-yes", HTMLElement), async () => {
    ask.close();
    try {
      await client.leave();
    } catch (error) {
      tell(step, sentenceOf(error));
    }
  });
}

/** One line, whose network and one thing to do; appears late and stays, so that it does not cry wolf. */
/** @param {HTMLElement} step @param {InterviewClient} client */
function mountNetworkLine(step, client) {
  let bad = 0;
  let trouble = ""; // a device that could not be had: until it is
  client.addEventListener("quality", (event) => {
    const { loss_up: up, loss_down: down } = /** @type {CustomEvent} */ (event).detail;
    bad = Math.max(up, down) > 8 ? Math.min(6, bad + 2) : Math.max(0, bad - 1);
    tell(step, trouble || (bad >= 4 ? "您的网络较弱，请靠近路由器" : ""));
  });
  client.addEventListener("trouble", (event) => {
    trouble = sentenceOf(/** @type {CustomEvent} */ (event).detail);
    tell(step, trouble);
  });
  client.addEventListener("local", () => {
    if (trouble) tell(step, "");
    trouble = "";
  });
}

/** @param {HTMLElement} step @param {string} text */
function tell(step, text) {
  const line = the(step, "#network-line", HTMLElement);
  line.textContent = text;
  line.hidden = !text;
}
