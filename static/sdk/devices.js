// @ts-check
import { InterviewError } from "./errors.js";

/** @typedef {"user" | "environment"} Facing */

/**
 * Camera and microphone. Asks the person where the browser has to.
 * @param {{ facing?: Facing, width?: number, height?: number, frameRate?: number, audio?: boolean }} [wish]
 * @returns {Promise<MediaStream>}
 * @throws {InterviewError} `media_insecure`, `media_denied`, `media_missing`, `media_busy`
 */
export async function openDevices(wish = {}) {
  if (!navigator.mediaDevices?.getUserMedia) {
    throw new InterviewError("media_insecure", "当前浏览器不支持视频通话，请用系统浏览器打开本页。");
  }
  try {
    return await navigator.mediaDevices.getUserMedia({
      audio: wish.audio === false ? false : { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      video: {
        facingMode: wish.facing ?? "user",
        width: { ideal: wish.width ?? 640 },
        height: { ideal: wish.height ?? 480 },
        frameRate: { ideal: wish.frameRate ?? 20, max: 30 },
      },
    });
  } catch (error) {
    throw deviceError(error);
  }
}

/**
 * What the person can do about a refused device.
 * @param {unknown} error of getUserMedia
 */
export function deviceError(error) {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") {
    return new InterviewError("media_denied", "没有摄像头或麦克风权限，请在系统设置或浏览器中允许后重试。", {
      retryable: true,
    });
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return new InterviewError("media_missing", "没有找到可用的摄像头或麦克风，请换一部手机。");
  }
  return new InterviewError("media_busy", "摄像头或麦克风正被其他应用占用，请关闭后重试。", { retryable: true });
}

/**
 * Loudness of a stream's sound, 0 to 1, read when asked.
 * @param {MediaStream} stream
 */
export function levelMeter(stream) {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(stream).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  return {
    level() {
      analyser.getFloatTimeDomainData(samples);
      return loudness(samples);
    },
    close: () => context.close(),
    resume: () => context.resume(),
  };
}

/**
 * Root mean square on a scale on which speech at arm's length is about the middle.
 * @param {ArrayLike<number>} samples -1 to 1
 */
export function loudness(samples) {
  let sum = 0;
  for (let index = 0; index < samples.length; index += 1) sum += Number(samples[index]) ** 2;
  const rms = samples.length ? Math.sqrt(sum / samples.length) : 0;
  return Math.min(1, rms * 6);
}
