// @ts-check
/**
 * Which act a key means; null when it means none. Never while an input method composes, never a
 * bare letter.
 * @param {{ key: string, ctrlKey: boolean, isComposing: boolean, inField: boolean }} pressed
 */
export function actOf({ key, ctrlKey, isComposing, inField }) {
  if (isComposing) return null;
  if (ctrlKey && key === "Enter") return "accept";
  if (key === "F2") return "mute";
  if (key === "F4") return "tag";
  if (key === "F8") return "step";
  if (key === "F9") return "snapshot";
  if (key === "?" && !inField) return "help";
  return null;
}
