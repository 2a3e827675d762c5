// @ts-check
/**
 * Which act a key means; null when it means none. Never while an input method composes, never a
 * bare letter.
 * @param {{ key: string, code?: string, ctrlKey: boolean, altKey?: boolean, shiftKey?: boolean, isComposing: boolean, inField: boolean }} pressed
 */
export function actOf({ key, code = "", ctrlKey, altKey = false, shiftKey = false, isComposing, inField }) {
  if (isComposing) return null;
  if (ctrlKey && key === "Enter") return "accept";
  if (ctrlKey && !altKey && code === "KeyK") return "palette";
  if (altKey && !ctrlKey && code === "KeyS") return "share";
  if (altKey && !ctrlKey && code === "KeyP") return "play";
  if (altKey && !ctrlKey && code === "KeyG") return "wall";
  if (altKey && !ctrlKey && code === "KeyK") return "skip";
  if (altKey && !ctrlKey && code === "KeyV") return "compare";
  if (altKey && !ctrlKey && code === "KeyC") return "guide";
  if (key === "F2") return "mute";
  if (key === "F4") return altKey ? null : "tag"; // Alt+F4 is the window's
  if (key === "F8") return shiftKey ? "step_back" : "step";
  if (key === "F9") return shiftKey ? "snapshot_kind" : "snapshot";
  if (key === "?" && !inField) return "help";
  return null;
}
