// @ts-check
import { InterviewError } from "./errors.js";

const PART_BYTES = 256 * 1024;
const JPEG_QUALITY = 0.92;
const LONGEST_SIDE = 4096;

/**
 * A picture of the camera in the best resolution it gives; JPEG, upright, without any metadata.
 * @param {MediaStreamTrack} track
 * @returns {Promise<Blob>}
 * @throws {InterviewError} `still_failed`
 */
export async function takeStill(track) {
  const picture = (await photoOf(track)) ?? (await frameOf(track));
  const scale = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(picture.width * scale);
  canvas.height = Math.round(picture.height * scale);
  // Drawn again: the picture is turned upright and position or device names in it are gone.
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", JPEG_QUALITY));
  if (!(blob instanceof Blob)) throw new InterviewError("still_failed", "照片未能拍摄，请重试。", { retryable: true });
  return blob;
}

/** The sensor's own picture, where the browser gives it. @param {MediaStreamTrack} track */
async function photoOf(track) {
  const Capture = /** @type {any} */ (globalThis).ImageCapture;
  if (!Capture) return null;
  try {
    return await createImageBitmap(await new Capture(track).takePhoto());
  } catch {
    return null; // not every camera can while it films: the frame it is
  }
}

/** The camera's present frame. @param {MediaStreamTrack} track */
async function frameOf(track) {
  const video = document.createElement("video");
  video.muted = true;
  video.playsInline = true;
  video.srcObject = new MediaStream([track]);
  try {
    await video.play();
    return await createImageBitmap(video);
  } catch {
    throw new InterviewError("still_failed", "照片未能拍摄，请重试。", { retryable: true });
  } finally {
    video.srcObject = null;
  }
}

/**
 * Send a picture in parts, going on where the server says; an interrupted part is sent again.
 * @param {Blob} picture
 * @param {{
 *   received: () => Promise<number>,
 *   put: (part: Blob, offset: number, total: number) => Promise<number>,
 *   wait: (tried: number) => Promise<void>,
 *   tries?: number,
 * }} server `received` and `put` answer how many bytes have arrived
 * @throws {InterviewError} a refusal that trying again does not help
 */
export async function uploadStill(picture, { received, put, wait, tries = 8 }) {
  let offset = 0;
  let tried = 0;
  while (offset < picture.size) {
    try {
      const before = offset;
      offset = await put(picture.slice(offset, offset + PART_BYTES), offset, picture.size);
      if (offset > before) tried = 0;
    } catch (error) {
      if (!(error instanceof InterviewError) || !error.retryable || tried >= tries) throw error;
      await wait(tried);
      tried += 1;
      offset = await received().catch(() => offset);
    }
  }
}
