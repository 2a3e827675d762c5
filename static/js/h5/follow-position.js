// @ts-check
/** @typedef {{ latitude: number, longitude: number, accuracy_m: number }} Position */

const EVERY_MS = 10_000;
const LEAST_METRES = 20;
const METRES_A_DEGREE = 111_320;

/**
 * Metres between two places that are not far from each other.
 * @param {{ latitude: number, longitude: number }} a
 * @param {{ latitude: number, longitude: number }} b
 */
export function metresBetween(a, b) {
  const north = (a.latitude - b.latitude) * METRES_A_DEGREE;
  const east = (a.longitude - b.longitude) * METRES_A_DEGREE * Math.cos((a.latitude * Math.PI) / 180);
  return Math.hypot(north, east);
}

/** Nobody is asked for a permission in the middle of a call. @param {Permissions | undefined} permissions */
export async function mayLocate(permissions) {
  try {
    return (await permissions?.query({ name: "geolocation" }))?.state === "granted";
  } catch {
    return false; // a browser that does not say
  }
}

/**
 * The person goes about during the call: share where, at most every ten seconds and only what is further
 * off than the device may be mistaken. Who refuses, then or later, is not asked again.
 * @param {Geolocation} geolocation
 * @param {(position: Position) => Promise<void>} share what fails is told with the next change
 * @param {{ latitude: number, longitude: number } | null} [shared] what is known already
 * @returns {() => void} ends it
 */
export function followPosition(geolocation, share, shared = null) {
  /** @type {Position | null} */
  let latest = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause = undefined;

  async function tell() {
    if (pause !== undefined || !latest) return;
    const here = latest;
    if (shared && metresBetween(here, shared) < Math.max(LEAST_METRES, here.accuracy_m)) return;
    pause = setTimeout(() => {
      pause = undefined;
      void tell(); // where the person went meanwhile
    }, EVERY_MS);
    const before = shared;
    shared = here;
    try {
      await share(here);
    } catch {
      shared = before;
    }
  }

  const watch = geolocation.watchPosition(
    ({ coords }) => {
      latest = { latitude: coords.latitude, longitude: coords.longitude, accuracy_m: coords.accuracy };
      void tell();
    },
    ({ code, PERMISSION_DENIED }) => {
      if (code === PERMISSION_DENIED) stop();
    },
    { enableHighAccuracy: true, maximumAge: EVERY_MS },
  );

  function stop() {
    clearTimeout(pause);
    latest = null;
    geolocation.clearWatch(watch);
  }
  return stop;
}
