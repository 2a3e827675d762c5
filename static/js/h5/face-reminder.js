// @ts-check
/**
 * Reminds who is out of the picture (SDK-10). Loaded only where the bank has switched it on. Runs on the
 * device, keeps nothing, sends no picture and no feature: only that nobody was seen, and that somebody is.
 */
const EVERY_MS = 2000;
const PATIENCE_MS = 6000;

/** Says when to remind and when to stop, out of what was seen. Pure but for its memory. */
export class Absence {
  constructor() {
    /** @type {number | null} */
    this.since = null;
    this.isTold = false;
  }

  /**
   * @param {boolean} isSeen
   * @param {number} now milliseconds
   * @returns {"missing" | "back" | null} news
   */
  note(isSeen, now) {
    if (isSeen) {
      const wasTold = this.isTold;
      this.since = null;
      this.isTold = false;
      return wasTold ? "back" : null;
    }
    this.since ??= now;
    if (this.isTold || now - this.since < PATIENCE_MS) return null;
    this.isTold = true;
    return "missing";
  }
}

/**
 * @param {{
 *   video: HTMLVideoElement, isOn: () => boolean, tell: (text: string) => void,
 *   report: (what: "face_missing" | "face_back") => void, Detector?: any,
 * }} deps `isOn` says whether a face is expected now (not while a document is shown)
 * @returns {boolean} false where this browser cannot find faces: nothing runs then
 */
export function mountFaceReminder({ video, isOn, tell, report, Detector = /** @type {any} */ (globalThis).FaceDetector }) {
  if (!Detector) return false;
  const detector = new Detector({ fastMode: true, maxDetectedFaces: 1 });
  const absence = new Absence();
  const timer = setInterval(async () => {
    if (!isOn() || !video.videoWidth) return;
    let faces;
    try {
      faces = await detector.detect(video);
    } catch {
      clearInterval(timer); // the platform has the name but not the service
      return;
    }
    const news = absence.note(faces.length > 0, Date.now());
    if (news === "missing") tell("请回到画面中，让坐席看到您");
    if (news === "back") tell("");
    if (news) report(news === "missing" ? "face_missing" : "face_back");
  }, EVERY_MS);
  return true;
}
