// @ts-check
/** A path that swallows packets leaves a socket opening, or closing, for minutes: TCP asks ever more rarely. */
export const SIGN_OF_LIFE_WITHIN_MS = 8000;

/**
 * Call `late` unless the socket opens, or is closed, in time.
 * @param {WebSocket} socket
 * @param {() => void} late
 */
export function watchOpening(socket, late) {
  const timer = setTimeout(late, SIGN_OF_LIFE_WITHIN_MS);
  for (const end of ["open", "close"]) socket.addEventListener(end, () => clearTimeout(timer));
}
