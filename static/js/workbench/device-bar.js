// @ts-check
import { byId, toast } from "./dom.js";
import { lackText } from "./own-devices.js";

const NAMES = /** @type {const} */ ({ audio: "麦克风", video: "摄像头" });

/**
 * What of the own devices is missing in the call, and a way to try again.
 * @param {import("./call-media.js").CallMedia} media
 */
export function mountDeviceBar(media) {
  const again = /** @type {HTMLButtonElement} */ (byId("own-devices-again"));
  /** @type {import("./own-devices.js").Lacks} */
  let before = {};
  again.addEventListener("click", () => void media.devices?.regain());
  media.addEventListener("devices", () => {
    const devices = media.devices;
    const lacks = devices?.lacks ?? {};
    if (devices) {
      for (const kind of /** @type {const} */ (["audio", "video"])) {
        if (kind in before && !(kind in lacks)) toast(`${NAMES[kind]}已恢复。`);
      }
    }
    before = { ...lacks };
    const text = lackText(lacks);
    byId("own-devices").hidden = !text;
    // An alert that does not change is read out once.
    if (byId("own-devices-text").textContent !== text) byId("own-devices-text").textContent = text;
    again.disabled = devices?.isAsking ?? false;
    again.textContent = again.disabled ? "正在尝试…" : "重试";
  });
}
