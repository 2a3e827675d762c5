// @ts-check
import { testNetwork } from "../../sdk/network-test.js";
import { byId } from "./dom.js";

const LENGTH_MS = 20_000;
const NETWORK_S = 4;
const GRADES = /** @type {Record<string, string>} */ ({ good: "良好 ✓", fair: "较弱", poor: "很差", failed: "不通" });
const WORDS = /** @type {Record<string, string>} */ ({
  damaged: "文件损坏", hash: "校验不一致", short: "录制过短", audio: "声音不完整", video: "画面不完整", compose: "合成失败", unreadable: "无法读取",
});

/** What came of it, in a person's words. @param {{ ok: boolean, problems: string[], video_kbps: number }} report */
export function loopText(report) {
  return report.ok ? "一致 ✓" : `异常：${report.problems.map((each) => WORDS[each] ?? each).join("、")}`;
}

/** Both ways over the real path. @param {import("../../sdk/network-test.js").NetworkResult} found */
export function networkText({ grade, kbps, rttMs, lossPercent }) {
  const facts = [kbps === null ? "" : `${kbps} kbit/s`, rttMs === null ? "" : `${Math.round(rttMs)} ms`, lossPercent === null ? "" : `丢包 ${Math.round(lossPercent)}%`];
  return [...facts.filter(Boolean), GRADES[grade] ?? ""].join(" · ");
}

/**
 * 试录: the seat's own picture and sound go to a media worker for 20 s, are recorded, composed,
 * hashed and compared. Beside the device check; a call that comes ends it.
 * @param {{ ask: (type: string, body?: Record<string, unknown>) => Promise<any> }} socket
 * @param {{ iceServers: RTCIceServer[] }} config
 * @param {{ lengthMs?: number, networkSeconds?: number, PeerConnection?: typeof RTCPeerConnection }} [options]
 */
export function mountDeviceLoop(socket, config, { lengthMs = LENGTH_MS, networkSeconds = NETWORK_S, PeerConnection = globalThis.RTCPeerConnection } = {}) {
  /** @type {RTCPeerConnection | null} */
  let pc = null;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let timer = undefined;
  let loopId = "";
  let isTrying = false;

  /** @param {string} text */
  const say = (text) => (byId("loop-result").textContent = text);

  /** The line first, alone on it: out to a media worker and back. @param {MediaStream} stream */
  async function tryNetwork(stream) {
    isTrying = true;
    byId("loop-network").textContent = "测试中…";
    try {
      const found = await testNetwork({
        iceServers: config.iceServers, local: stream, seconds: networkSeconds, PeerConnection,
        exchange: (offers) => socket.ask("device_network.test", offers),
      });
      byId("loop-network").textContent = networkText(found);
      byId("loop-network").classList.toggle("is-bad", ["poor", "failed"].includes(found.grade));
    } catch (error) {
      byId("loop-network").textContent = `未完成：${/** @type {Error} */ (error).message}`;
    } finally {
      isTrying = false;
    }
  }

  /** @param {MediaStream} stream */
  async function start(stream) {
    if (pc || isTrying) return;
    if (networkSeconds) {
      await tryNetwork(stream);
      if (!stream.active || pc) return; // a call came meanwhile
    }
    say("正在连接…");
    const made = new PeerConnection({ iceServers: config.iceServers, bundlePolicy: "max-bundle" });
    pc = made;
    for (const track of stream.getTracks()) made.addTransceiver(track, { direction: "sendonly", streams: [stream] });
    try {
      await made.setLocalDescription(await made.createOffer());
      const answer = await socket.ask("device_loop.start", { sdp: String(made.localDescription?.sdp) });
      if (pc !== made) return void close(answer.loop_id);
      loopId = answer.loop_id;
      await made.setRemoteDescription({ type: "answer", sdp: answer.answer_sdp });
    } catch (error) {
      if (pc === made) stop();
      say(`未完成：${/** @type {Error} */ (error).message}`);
      return;
    }
    const begun = Date.now();
    timer = setInterval(() => {
      const left = Math.ceil((lengthMs - (Date.now() - begun)) / 1000);
      if (left > 0) say(`录制中，还剩 ${left} 秒`);
      else void finish();
    }, 1000);
  }

  async function finish() {
    const id = loopId;
    stop();
    say("合成并校验中…");
    try {
      show(await socket.ask("device_loop.finish", { loop_id: id }));
    } catch (error) {
      say(`未完成：${/** @type {Error} */ (error).message}`);
    }
  }

  function abandon() {
    const id = loopId;
    stop();
    if (id) close(id);
    say("—");
  }

  /** Whatever it shows is of no use; the worker's room must not stay open. @param {string} id */
  function close(id) {
    socket.ask("device_loop.finish", { loop_id: id }).catch(() => undefined);
  }

  function stop() {
    clearInterval(timer);
    pc?.close();
    pc = null;
    loopId = "";
  }

  /** @param {{ ok: boolean, problems: string[], video_kbps: number }} report */
  function show(report) {
    say(loopText(report));
    byId("loop-result").classList.toggle("is-bad", !report.ok);
  }

  return {
    start,
    abandon: () => pc && abandon(),
    isRunning: () => pc !== null || isTrying,
    show,
  };
}
