// @ts-check
/** Times and places as a customer reads them. Pure. */

const ZONE = "Asia/Shanghai";

/** `12:31`, from an hour on `1:02:03`. @param {number} ms */
export function clock(ms) {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${String(minutes).padStart(2, "0")}:${String(seconds).padStart(2, "0")}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** `2:22`, never below zero. @param {number} ms */
export function countdown(ms) {
  const whole = Math.max(0, Math.ceil(ms / 1000));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** `11-24 10:12:31` in the bank's time zone. @param {number} unixMs */
export function stamp(unixMs) {
  return parts(unixMs, true);
}

/** `11-24 10:00–10:24`. @param {number} fromUnixMs @param {number} untilUnixMs */
export function span(fromUnixMs, untilUnixMs) {
  return `${parts(fromUnixMs, false)}–${parts(untilUnixMs, false).slice(-5)}`;
}

/** @param {number} unixMs @param {boolean} withSeconds */
function parts(unixMs, withSeconds) {
  const found = Object.fromEntries(
    new Intl.DateTimeFormat("en-GB", {
      timeZone: ZONE, month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
    }).formatToParts(new Date(unixMs)).map(({ type, value }) => [type, value]),
  );
  const time = `${found.hour}:${found.minute}${withSeconds ? `:${found.second}` : ""}`;
  return `${found.month}-${found.day} ${time}`;
}

/** `N30.8703° E120.0933°`. @param {{ latitude: number, longitude: number }} gps */
export function coordinates({ latitude, longitude }) {
  const ns = `${latitude < 0 ? "S" : "N"}${Math.abs(latitude).toFixed(4)}°`;
  const ew = `${longitude < 0 ? "W" : "E"}${Math.abs(longitude).toFixed(4)}°`;
  return `${ns} ${ew}`;
}

/** The ticket in a page's fragment; the fragment never reaches a server. @param {string} hash */
export function ticketOf(hash) {
  return new URLSearchParams(hash.replace(/^#/, "")).get("ticket") ?? "";
}

/**
 * An honest guess of the wait in whole minutes; where none can be made, it says so.
 * @param {{ least_s: number | null, most_s: number | null }} place
 */
export function waitWord({ least_s: least, most_s: most }) {
  if (least === null || most === null) return "暂时无法估计要等多久";
  const [from, until] = [Math.max(1, Math.floor(least / 60)), Math.max(1, Math.ceil(most / 60))];
  return from === until ? `大约还要 ${until} 分钟` : `大约还要 ${from} 到 ${until} 分钟`;
}

const NETWORK = /** @type {Record<string, string>} */ ({ good: "网络良好", fair: "网络一般", poor: "网络较差", failed: "网络不通" });

/**
 * What the check of the device found, a line each.
 * @param {{ microphone: boolean, speaker: boolean, network: string }} check
 */
export function checkLines({ microphone, speaker, network }) {
  return [
    { text: "镜头正常", isGood: true },
    { text: microphone ? "麦克风正常" : "没有听到您的声音", isGood: microphone },
    { text: speaker ? "铃声听得到" : "铃声没有听到，请调大音量", isGood: speaker },
    { text: NETWORK[network] ?? "网络未测", isGood: network === "good" },
  ];
}
