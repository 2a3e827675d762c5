// @ts-check
/**
 * @typedef {{ slot: number, mid_audio: string | null, mid_video: string | null }} Slot
 * @typedef {{ slot: number, participant_id: string | null }} SlotHolder
 */

/**
 * Who comes through which slot, after a `slots` push. Slots not named keep their holder; a person
 * is in one slot at a time.
 * @param {ReadonlyMap<number, string>} before
 * @param {readonly SlotHolder[]} told
 * @returns {Map<number, string>}
 */
export function heldSlots(before, told) {
  const after = new Map(before);
  for (const { slot, participant_id: holder } of told) {
    if (holder === null) {
      after.delete(slot);
      continue;
    }
    for (const [other, name] of after) if (name === holder) after.delete(other);
    after.set(slot, holder);
  }
  return after;
}

/**
 * The media lines of one connection in the order of the contract: what is published first, then a
 * pair of receive-only lines for each other person.
 * @param {number} remoteSlots
 * @returns {{ kind: "audio" | "video", direction: "sendonly" | "recvonly" }[]}
 */
export function mediaLines(remoteSlots) {
  /** @type {{ kind: "audio" | "video", direction: "sendonly" | "recvonly" }[]} */
  const lines = [
    { kind: "audio", direction: "sendonly" },
    { kind: "video", direction: "sendonly" },
  ];
  for (let slot = 0; slot < remoteSlots; slot += 1) {
    lines.push({ kind: "audio", direction: "recvonly" }, { kind: "video", direction: "recvonly" });
  }
  return lines;
}
