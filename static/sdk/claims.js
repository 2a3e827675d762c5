// @ts-check
export const SDK_VERSION = "1.0.0";

/**
 * What this device says of itself at admission (SDK-1). The position is added where the person
 * agreed to it; region, SSID and BSSID only a native app can know.
 * @param {Navigator} navigator
 */
export function deviceClaims(navigator) {
  const agent = navigator.userAgent;
  return { sdk_version: `js-${SDK_VERSION}`, os: osOf(agent), device_model: modelOf(agent) };
}

/** @param {string} agent */
export function osOf(agent) {
  const android = /Android [\d.]+/.exec(agent);
  if (android) return android[0];
  const ios = /(?:iPhone )?OS (\d+[_\d]*) like Mac/.exec(agent);
  if (ios?.[1]) return `iOS ${ios[1].replaceAll("_", ".")}`;
  const other = /HarmonyOS[ /]?[\d.]*|Windows NT [\d.]+|Mac OS X [\d_.]+|Linux/.exec(agent);
  return other ? other[0] : "";
}

/** @param {string} agent */
export function modelOf(agent) {
  const android = /Android [^;)]*; (?:[a-z]{2}-[a-z]{2}; )?([^;)]+?)(?: Build\/[^;)]*)?[;)]/i.exec(agent);
  if (android?.[1]) return android[1].slice(0, 100);
  return /iPhone|iPad/.exec(agent)?.[0] ?? "";
}

/**
 * The position, or null when it is refused or does not come in time.
 * @param {Geolocation | undefined} geolocation
 * @returns {Promise<{ latitude: number, longitude: number, accuracy_m: number } | null>}
 */
export function position(geolocation, withinMs = 10_000) {
  if (!geolocation) return Promise.resolve(null);
  return new Promise((resolve) => {
    geolocation.getCurrentPosition(
      ({ coords }) =>
        resolve({ latitude: coords.latitude, longitude: coords.longitude, accuracy_m: coords.accuracy }),
      () => resolve(null),
      { enableHighAccuracy: true, timeout: withinMs, maximumAge: 60_000 },
    );
  });
}
