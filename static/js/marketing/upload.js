// @ts-check
/**
 * A file goes up in parts. What the server has stays there: after a lost network, a pause or a new
 * page the upload goes on where it stopped, when the same file is chosen again.
 */

/** @typedef {{ id: string, received: number, chunk_bytes: number }} Begun */
/** @typedef {{ done: boolean, received?: number }} Taken */
/** @typedef {{ name: string, size: number, lastModified: number, slice: (from: number, to: number) => Blob }} Source */
/**
 * @typedef {object} Wire
 * @property {(body: { name: string, size: number, fingerprint: string }) => Promise<Begun>} begin
 * @property {(id: string, offset: number, part: Blob) => Promise<Taken>} put
 * @property {(ms: number) => Promise<void>} wait
 */

/** What the server refuses for good: trying again changes nothing. */
export class UploadRefused extends Error {}

/** The server is elsewhere in the file: it says where. */
export class OffsetMoved extends Error {
  /** @param {number} received */
  constructor(received) {
    super("offset");
    this.received = received;
  }
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/** @param {Source} file */
export function fingerprint(file) {
  return `${file.name}|${file.size}|${file.lastModified}`;
}

/**
 * @param {Source} file
 * @param {Wire} wire
 * @param {(sent: number, total: number, waiting: boolean) => void} tell
 * @param {AbortSignal} signal
 * @returns {Promise<boolean>} false when it was paused
 */
export async function uploadFile(file, wire, tell, signal) {
  let waitMs = FIRST_WAIT_MS;
  /** @type {Begun | null} */
  let begun = null;
  let offset = 0;
  while (!signal.aborted) {
    try {
      if (!begun) {
        begun = await wire.begin({ name: file.name, size: file.size, fingerprint: fingerprint(file) });
        offset = begun.received;
      }
      tell(offset, file.size, false);
      const end = Math.min(offset + begun.chunk_bytes, file.size);
      const taken = await wire.put(begun.id, offset, file.slice(offset, end));
      waitMs = FIRST_WAIT_MS;
      if (taken.done) {
        tell(file.size, file.size, false);
        return true;
      }
      offset = taken.received ?? end;
    } catch (error) {
      if (error instanceof UploadRefused) throw error;
      if (error instanceof OffsetMoved) {
        offset = error.received;
        continue;
      }
      tell(offset, file.size, true);
      await wire.wait(waitMs);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      begun = null; // ask again where to go on
    }
  }
  tell(offset, file.size, false); // with the part that was on its way
  return false;
}
