// @ts-check
import { byId, toast } from "./dom.js";
import { remedy } from "./own-devices.js";

/**
 * Camera, microphone, speaker before signing in; the test recording runs beside it.
 * @param {{ ask: (type: string, body?: Record<string, unknown>) => Promise<any> }} socket
 * @param {ReturnType<typeof import("./device-loop.js").mountDeviceLoop>} loop
 */
export function mountDeviceCheck(socket, loop) {
  let isLooped = false;
  /** @type {MediaStream | null} */
  let stream = null;
  /** @type {AudioContext | null} */
  let audio = null;
  let loudest = 0;
  const start = /** @type {HTMLButtonElement} */ (byId("device-start"));
  const tone = /** @type {HTMLButtonElement} */ (byId("device-tone"));
  const pass = /** @type {HTMLButtonElement} */ (byId("device-pass"));
  const preview = /** @type {HTMLVideoElement} */ (byId("device-preview"));

  start.addEventListener("click", async () => {
    start.disabled = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true },
        video: { width: 640, height: 480, frameRate: 15 },
      });
    } catch (error) {
      toast(`摄像头或麦克风：${remedy(error)}`, { bad: true });
      start.disabled = false;
      return;
    }
    preview.srcObject = stream;
    byId("device-view").hidden = false;
    audio = new AudioContext();
    listen(audio, stream);
    const { width = 0, height = 0 } = stream.getVideoTracks()[0]?.getSettings() ?? {};
    byId("device-camera").textContent = `${width}×${height}`;
    tone.disabled = false;
    if (!isLooped) void loop.start(stream);
  });

  tone.addEventListener("click", () => {
    if (!audio) return;
    const oscillator = audio.createOscillator();
    const gain = audio.createGain();
    gain.gain.value = 0.2;
    oscillator.frequency.value = 660;
    oscillator.connect(gain).connect(audio.destination);
    oscillator.start();
    oscillator.stop(audio.currentTime + 0.6);
    pass.disabled = false;
  });

  pass.addEventListener("click", async () => {
    const [camera] = stream?.getVideoTracks() ?? [];
    const [microphone] = stream?.getAudioTracks() ?? [];
    if (!camera || !microphone) return;
    const { width = 1, height = 1 } = camera.getSettings();
    try {
      await socket.ask("device_check.pass", {
        camera: camera.label.slice(0, 200),
        microphone: microphone.label.slice(0, 200),
        width,
        height,
        level: Math.min(1, loudest),
      });
      toast("设备检测通过，可以签入。");
    } catch (error) {
      toast(String(/** @type {Error} */ (error).message), { bad: true });
      return;
    }
    if (!loop.isRunning()) release(); // the test recording goes on until it is through, or a call comes
  });

  /** @param {AudioContext} context @param {MediaStream} source */
  function listen(context, source) {
    const analyser = context.createAnalyser();
    context.createMediaStreamSource(source).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      if (!stream) {
        clearInterval(timer);
        return;
      }
      analyser.getFloatTimeDomainData(samples);
      const peak = samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      loudest = Math.max(loudest, peak);
      byId("device-level").style.width = `${Math.min(100, Math.round(peak * 140))}%`;
    }, 120);
  }

  function release() {
    loop.abandon();
    stream?.getTracks().forEach((track) => track.stop());
    stream = null;
    preview.srcObject = null;
    byId("device-view").hidden = true;
    start.disabled = false;
    tone.disabled = pass.disabled = true;
  }

  return {
    release,
    /** @param {any} state */
    show(state) {
      const chip = byId("device-chip");
      const { checked_at: at, looped_at: loopedAt, loop: report } = state.devices;
      chip.textContent = state.devices_ok ? `今日已通过 ${at}` : "今日未检测";
      chip.classList.toggle("is-idle", state.devices_ok);
      if (state.devices_ok && !stream) byId("device-camera").textContent = `${state.devices.report.width}×${state.devices.report.height} 正常 ✓`;
      start.textContent = state.devices_ok ? "重新检测" : "开始检测";
      if (report && !loop.isRunning()) {
        loop.show(report);
        byId("loop-result").title = `${loopedAt} · ${Math.round(report.duration_ms / 1000)} 秒 · SHA-256 ${report.sha256.slice(0, 12)}…`;
        if (!isLooped && stream && state.devices_ok) release();
        isLooped = report.ok;
      }
    },
  };
}
