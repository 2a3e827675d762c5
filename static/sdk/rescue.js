// @ts-check
/**
 * The device's own recording, for what the network loses. Loaded only where the bank switched it on
 * and the person agreed. Whole little files of a few seconds, each with the call's clock, wait in
 * IndexedDB; those the server lacks are sent, then all of the call are deleted.
 */
import { InterviewError } from "./errors.js";

const SEGMENT_MS = 5000;
const CAP_BYTES = 200 * 1024 * 1024;
const FORGET_AFTER_MS = 24 * 3600 * 1000;
const TRIES = 8;
const TYPES = ["video/webm;codecs=vp8,opus", "video/webm", "video/mp4"];

/**
 * @typedef {{ id: string, call_id: string, start_ms: number, end_ms: number, bytes: number, kept_at: number }} Segment
 *   times on the call's clock; `kept_at` in Unix milliseconds of this device
 * @typedef {{ start_ms: number, end_ms: number }} Span
 * @typedef {{
 *   list: () => Promise<Segment[]>,
 *   add: (segment: Segment, recorded: Blob) => Promise<void>,
 *   get: (id: string) => Promise<Blob | undefined>,
 *   remove: (ids: readonly string[]) => Promise<void>,
 * }} Store
 */

/**
 * The segments that lie in a stretch the server lacks, in order.
 * @param {readonly Segment[]} segments @param {readonly Span[]} wanted
 */
export function segmentsFor(segments, wanted) {
  return segments
    .filter((segment) => wanted.some((span) => segment.start_ms < span.end_ms && span.start_ms < segment.end_ms))
    .sort((a, b) => a.start_ms - b.start_ms);
}

/**
 * The oldest, so many that `more` bytes fit under the cap.
 * @param {readonly Segment[]} segments @param {number} more @param {number} [cap]
 */
export function overCap(segments, more, cap = CAP_BYTES) {
  let all = segments.reduce((sum, { bytes }) => sum + bytes, more);
  const dropped = [];
  for (const segment of [...segments].sort((a, b) => a.kept_at - b.kept_at)) {
    if (all <= cap) break;
    dropped.push(segment.id);
    all -= segment.bytes;
  }
  return dropped;
}

/** @param {readonly Segment[]} segments @param {number} now */
export function outdated(segments, now) {
  return segments.filter(({ kept_at }) => now - kept_at > FORGET_AFTER_MS).map(({ id }) => id);
}

/**
 * Send what is wanted, one after the other; a segment that broke off is sent again, and each is deleted
 * once the server has it. What the server does not want of it is deleted, too.
 * @param {{
 *   store: Store, callId: string,
 *   wanted: () => Promise<Span[]>,
 *   put: (segment: Segment, recorded: Blob) => Promise<void>,
 *   wait: (tried: number) => Promise<void>,
 *   progress?: (sent: number, all: number) => void,
 * }} deps
 * @returns {Promise<number>} how many were sent
 * @throws {InterviewError} `offline` after many tries, or a refusal for the whole call
 */
export async function sendRescue({ store, callId, wanted, put, wait, progress = () => undefined }) {
  const mine = (await store.list()).filter(({ call_id }) => call_id === callId);
  if (!mine.length) return 0;
  const due = segmentsFor(mine, await patiently(wanted, wait));
  if (due.length) progress(0, due.length);
  for (const [index, segment] of due.entries()) {
    const recorded = await store.get(segment.id);
    if (recorded) await sendOne(segment, recorded, put, wait);
    await store.remove([segment.id]);
    progress(index + 1, due.length);
  }
  return due.length;
}

/**
 * @param {Segment} segment @param {Blob} recorded
 * @param {(segment: Segment, recorded: Blob) => Promise<void>} put
 * @param {(tried: number) => Promise<void>} wait
 */
async function sendOne(segment, recorded, put, wait) {
  try {
    await patiently(() => put(segment, recorded), wait);
  } catch (error) {
    // Of this stretch alone: the server has it, or cannot take it as it is.
    const isOver = error instanceof InterviewError && (error.code === "rescue_unwanted" || error.code === "rescue_unfit");
    if (!isOver) throw error;
  }
}

/**
 * Try again what broke off on the way.
 * @template T
 * @param {() => Promise<T>} act @param {(tried: number) => Promise<void>} wait
 * @returns {Promise<T>}
 */
async function patiently(act, wait) {
  for (let tried = 0; ; tried += 1) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof InterviewError) || !error.retryable || tried >= TRIES) throw error;
      await wait(tried);
    }
  }
}

/**
 * Records a stream in files that stand alone: each begins before the one before it ends, so that
 * nothing is lost between them.
 */
export class RescueRecorder {
  /**
   * @param {{
   *   callMs: () => number, kept: (span: Span, recorded: Blob) => void, broken: (error: unknown) => void,
   *   kbps: number, segmentMs?: number,
   * }} deps `callMs` is the call's clock; `broken` is told once, then nothing more is recorded
   */
  constructor({ callMs, kept, broken, kbps, segmentMs = SEGMENT_MS }) {
    this.callMs = callMs;
    this.kept = kept;
    this.broken = broken;
    this.kbps = kbps;
    this.segmentMs = segmentMs;
    /** @type {MediaStream | null} */
    this.stream = null;
    /** @type {{ recorder: MediaRecorder, over: Promise<void> } | null} */
    this.current = null;
    /** @type {ReturnType<typeof setInterval> | undefined} */
    this.timer = undefined;
  }

  /** Record this from now on; null ends it. @param {MediaStream | null} stream */
  follow(stream) {
    if (stream === this.stream) return;
    this.stream = stream;
    clearInterval(this.timer);
    void this.cut();
    if (stream) this.timer = setInterval(() => void this.cut(), this.segmentMs);
  }

  /** Begin the next file; resolves when the one before it was handed over. */
  async cut() {
    const before = this.current;
    this.current = null;
    const stop = () => {
      if (before && before.recorder.state !== "inactive") before.recorder.stop();
    };
    try {
      if (this.stream?.active) this.current = this.#begin(this.stream, stop);
      else stop();
    } catch (error) {
      stop();
      clearInterval(this.timer);
      this.broken(error);
    }
    await before?.over;
  }

  /** @param {MediaStream} stream @param {() => void} begun */
  #begin(stream, begun) {
    const recorder = new MediaRecorder(stream, {
      mimeType: TYPES.find((type) => MediaRecorder.isTypeSupported(type)),
      videoBitsPerSecond: this.kbps * 1000,
      audioBitsPerSecond: 32_000,
    });
    let startMs = Math.round(this.callMs());
    /** @type {Blob[]} */
    const parts = [];
    recorder.onstart = () => {
      startMs = Math.round(this.callMs());
      begun();
    };
    recorder.ondataavailable = ({ data }) => parts.push(data);
    recorder.onerror = begun;
    /** @type {Promise<void>} */
    const over = new Promise((resolve) => {
      recorder.onstop = () => {
        const recorded = new Blob(parts, { type: recorder.mimeType });
        const endMs = Math.round(this.callMs());
        if (recorded.size && endMs > startMs) this.kept({ start_ms: Math.max(0, startMs), end_ms: endMs }, recorded);
        resolve();
      };
    });
    recorder.start();
    return { recorder, over };
  }
}

/** The device's database, one for all calls. @returns {Promise<Store>} */
export async function openStore(name = "interview-rescue") {
  const database = await done(
    Object.assign(indexedDB.open(name, 1), {
      onupgradeneeded: (/** @type {any} */ event) => {
        event.target.result.createObjectStore("segments", { keyPath: "id" });
        event.target.result.createObjectStore("blobs");
      },
    }),
  );
  /**
   * @template T
   * @param {IDBTransactionMode} mode
   * @param {(segments: IDBObjectStore, blobs: IDBObjectStore) => IDBRequest<T> | void} act
   * @returns {Promise<T | undefined>} when it is on the disk
   */
  function within(mode, act) {
    return new Promise((resolve, reject) => {
      const transaction = database.transaction(["segments", "blobs"], mode);
      const request = /** @type {IDBRequest<T> | undefined} */ (
        act(transaction.objectStore("segments"), transaction.objectStore("blobs"))
      );
      transaction.oncomplete = () => resolve(request?.result);
      transaction.onabort = () => reject(transaction.error);
    });
  }
  return {
    list: async () => (await within("readonly", (segments) => segments.getAll())) ?? [],
    get: (id) => within("readonly", (_, blobs) => blobs.get(id)),
    add: async (segment, recorded) => {
      await within("readwrite", (segments, blobs) => {
        segments.put(segment);
        blobs.put(recorded, segment.id);
      });
    },
    remove: async (ids) => {
      await within("readwrite", (segments, blobs) => {
        for (const id of ids) {
          segments.delete(id);
          blobs.delete(id);
        }
      });
    },
  };
}

/** @param {IDBOpenDBRequest} request @returns {Promise<IDBDatabase>} */
function done(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** @param {Blob} recorded @returns {Promise<string>} SHA-256 in hex */
async function sha256Of(recorded) {
  const digest = await crypto.subtle.digest("SHA-256", await recorded.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The whole of it, as the client uses it.
 * @param {{
 *   rest: (method: string, path: string, sent?: { bytes?: Blob }) => Promise<any>,
 *   wait: (tried: number) => Promise<void>,
 *   broken: (error: unknown) => void, kbps: number, store?: Store, segmentMs?: number,
 * }} deps
 */
export async function startRescue({ rest, wait, broken, kbps, store, segmentMs }) {
  const kept = store ?? (await openStore());
  await kept.remove(outdated(await kept.list(), Date.now()));
  let callId = "";
  let callMs = () => 0;
  /** What is being written, so that sending sees all of it. @type {Promise<unknown>} */
  let writing = Promise.resolve();
  const recorder = new RescueRecorder({
    callMs: () => callMs(),
    kbps,
    segmentMs,
    broken,
    kept: (span, recorded) => {
      const call_id = callId;
      writing = writing
        .then(async () => {
          const before = await kept.list();
          await kept.remove(overCap(before, recorded.size));
          const segment = { id: crypto.randomUUID(), call_id, ...span, bytes: recorded.size, kept_at: Date.now() };
          await kept.add(segment, recorded);
        })
        .catch((error) => {
          recorder.follow(null); // the device has no room: what there is stays
          broken(error);
        });
    },
  });
  /** @type {Promise<number>} */
  let sending = Promise.resolve(0);

  return {
    /** Record this while the call `id` runs; null pauses. @param {MediaStream | null} stream @param {string} id @param {() => number} clock */
    record(stream, id, clock) {
      if (stream) [callId, callMs] = [id, clock];
      recorder.follow(stream);
    },
    /** The calls that something waits for. */
    async calls() {
      await writing;
      return [...new Set((await kept.list()).map(({ call_id }) => call_id))];
    },
    /**
     * Send what the server lacks of a call; once the call is over, what it did not need is deleted as well.
     * @param {string} id @param {(sent: number, all: number) => void} [progress]
     */
    send(id, progress) {
      // One after the other: the call may have ended since the one that runs was told what is wanted.
      const own = sending.catch(() => 0).then(() => sendAll(id, progress));
      sending = own;
      return own;
    },
  };

  /** @param {string} id @param {((sent: number, all: number) => void) | undefined} progress */
  async function sendAll(id, progress) {
    let isOver = false;
    try {
      await recorder.cut(); // what is being recorded may be wanted
      await writing;
      const sent = await sendRescue({
        store: kept,
        callId: id,
        wanted: async () => {
          const answer = await rest("GET", `rescue/${id}`);
          isOver = answer.closes_at !== null;
          return answer.wanted;
        },
        put: async (segment, bytes) => {
          const query = new URLSearchParams({
            start_ms: String(segment.start_ms), end_ms: String(segment.end_ms), sha256: await sha256Of(bytes),
          });
          await rest("PUT", `rescue/${id}/${segment.id}?${query}`, { bytes });
        },
        wait,
        progress,
      });
      if (isOver) await forget(id);
      return sent;
    } catch (error) {
      const isFinal = error instanceof InterviewError && !error.retryable;
      if (isFinal && FINAL.has(error.code)) await forget(id);
      throw error;
    }
  }

  /** @param {string} id */
  async function forget(id) {
    const rows = await kept.list();
    await kept.remove(rows.filter(({ call_id }) => call_id === id).map((row) => row.id));
  }
}

/** After these the server will never take anything of the call. */
const FINAL = new Set(["rescue_closed", "rescue_off", "not_found"]);
