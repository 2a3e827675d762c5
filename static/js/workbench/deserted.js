// @ts-check
import { byId, clock } from "./dom.js";

/**
 * The last customer is gone: the call ends by itself unless the seat waits on.
 * @param {(type: string) => Promise<unknown>} ask
 */
export function mountDeserted(ask) {
  let until = 0;
  let skewMs = 0;
  byId("deserted-wait").addEventListener("click", () => void ask("call.await_customers"));
  setInterval(tick, 1000);

  function tick() {
    if (until) byId("deserted-left").textContent = endsIn(until - Date.now() - skewMs);
  }

  return {
    /**
     * @param {{ deserted_until_unix_ms: number | null }} call
     * @param {number} now the server's time
     */
    show(call, now) {
      const wasShown = until !== 0;
      until = call.deserted_until_unix_ms ?? 0;
      skewMs = now - Date.now();
      byId("deserted").hidden = until === 0;
      // Said once; the seconds are for who looks.
      if (wasShown !== (until !== 0)) byId("deserted-text").textContent = until ? "客户已全部离开" : "";
      tick();
    },
  };
}

/** @param {number} leftMs */
export function endsIn(leftMs) {
  return `${clock(Math.max(0, Math.ceil(leftMs / 1000)))} 后自动结束面谈`;
}
