// @ts-check
/**
 * @typedef {"good" | "fair" | "poor" | "failed"} Grade
 * @typedef {{ grade: Grade, lossPercent: number | null, rttMs: number | null, kbps: number | null }} NetworkResult
 * @typedef {{ sent: number, received: number, lost: number, bytes: number, rttMs: number | null }} Counts
 */

const CONNECT_WITHIN_MS = 8000;

/**
 * Send the own picture and sound out to a media worker and back, as the call will, and see what
 * arrives. Nothing is recorded.
 * @param {{
 *   iceServers: RTCIceServer[], local: MediaStream, seconds: number,
 *   exchange: (offers: { send_sdp: string, receive_sdp: string }) => Promise<{ send_sdp: string, receive_sdp: string }>,
 *   progress?: (share: number) => void,
 *   PeerConnection?: typeof RTCPeerConnection,
 * }} options
 * @returns {Promise<NetworkResult>}
 * @throws {import("./errors.js").InterviewError} when the server refuses; a path that does not open is `failed`
 */
export async function testNetwork({
  iceServers, local, seconds, exchange, progress = () => undefined, PeerConnection = RTCPeerConnection,
}) {
  const out = new PeerConnection({ iceServers, bundlePolicy: "max-bundle" });
  const back = new PeerConnection({ iceServers, bundlePolicy: "max-bundle" });
  try {
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      const track = local.getTracks().find((own) => own.kind === kind);
      out.addTransceiver(track ?? kind, { direction: "sendonly" });
      back.addTransceiver(kind, { direction: "sendonly" }); // publishes nothing: the place is wanted
    }
    back.addTransceiver("audio", { direction: "recvonly" });
    back.addTransceiver("video", { direction: "recvonly" });
    const [send_sdp, receive_sdp] = await Promise.all([offerOf(out), offerOf(back)]);
    const answers = await exchange({ send_sdp, receive_sdp });
    await back.setRemoteDescription({ type: "answer", sdp: answers.receive_sdp });
    await out.setRemoteDescription({ type: "answer", sdp: answers.send_sdp });
    if (!(await isOpen([out, back]))) return { grade: "failed", lossPercent: null, rttMs: null, kbps: null };
    return await measure(out, back, seconds, progress);
  } finally {
    out.close();
    back.close();
  }
}

/** @param {RTCPeerConnection} pc */
async function offerOf(pc) {
  await pc.setLocalDescription(await pc.createOffer());
  return String(pc.localDescription?.sdp);
}

/** @param {RTCPeerConnection[]} connections */
function isOpen(connections) {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), CONNECT_WITHIN_MS);
    const look = () => {
      if (!connections.every((pc) => pc.connectionState === "connected")) return;
      clearTimeout(timer);
      resolve(true);
    };
    for (const pc of connections) pc.addEventListener("connectionstatechange", look);
    look();
  });
}

/**
 * @param {RTCPeerConnection} out
 * @param {RTCPeerConnection} back
 * @param {number} seconds
 * @param {(share: number) => void} progress
 */
async function measure(out, back, seconds, progress) {
  const startedAt = performance.now();
  const before = countsOf(await out.getStats(), await back.getStats());
  for (let share = 0; share < 1; ) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    share = Math.min(1, (performance.now() - startedAt) / (seconds * 1000));
    progress(share);
  }
  return verdict(before, countsOf(await out.getStats(), await back.getStats()), seconds);
}

/**
 * @param {{ forEach: (look: (entry: any) => void) => void }} outReport
 * @param {{ forEach: (look: (entry: any) => void) => void }} backReport
 * @returns {Counts}
 */
export function countsOf(outReport, backReport) {
  /** @type {Counts} */
  const counts = { sent: 0, received: 0, lost: 0, bytes: 0, rttMs: null };
  outReport.forEach((entry) => {
    if (entry.type === "outbound-rtp") {
      counts.sent += entry.packetsSent ?? 0;
      counts.bytes += entry.bytesSent ?? 0;
    }
    if (entry.type === "remote-inbound-rtp") counts.lost += Math.max(0, entry.packetsLost ?? 0);
    if (entry.type === "candidate-pair" && entry.nominated && typeof entry.currentRoundTripTime === "number") {
      counts.rttMs = entry.currentRoundTripTime * 1000;
    }
  });
  backReport.forEach((entry) => {
    if (entry.type !== "inbound-rtp") return;
    counts.received += entry.packetsReceived ?? 0;
    counts.lost += Math.max(0, entry.packetsLost ?? 0);
  });
  return counts;
}

/**
 * What the person should be told. The limits are those at which speech and faces suffer.
 * @param {Counts} before
 * @param {Counts} after
 * @param {number} seconds
 * @returns {NetworkResult}
 */
export function verdict(before, after, seconds) {
  const received = after.received - before.received;
  const lost = Math.max(0, after.lost - before.lost);
  const kbps = Math.round(((after.bytes - before.bytes) * 8) / 1000 / Math.max(0.1, seconds));
  const rttMs = after.rttMs === null ? null : Math.round(after.rttMs);
  if (received === 0) return { grade: "failed", lossPercent: 100, rttMs, kbps };
  const lossPercent = Math.round((lost / (received + lost)) * 1000) / 10;
  /** @type {Grade} */
  let grade = "good";
  if (lossPercent > 10 || (rttMs ?? 0) > 800 || kbps < 80) grade = "poor";
  else if (lossPercent > 3 || (rttMs ?? 0) > 300 || kbps < 200) grade = "fair";
  return { grade, lossPercent, rttMs, kbps };
}
