// @ts-check
import { byId, clock, el } from "./dom.js";

const DOTS = /** @type {Record<string, string>} */ ({
  BOOKED: "is-ring", KEPT: "is-idle", EXPIRED: "is-down",
});

/**
 * Queue, appointments, offer: the screen between calls.
 * @param {{ ask: (type: string, body?: Record<string, unknown>) => Promise<any> }} socket
 * @param {{ offerSeconds: number }} config
 */
export function mountIdle(socket, config) {
  /** @type {any} */
  let offer = null;
  /** @type {any} */
  let queue = { items: [] };
  let skewMs = 0;
  const now = () => Date.now() + skewMs;

  const accept = () => offer && socket.ask("offer.accept", { offer_id: offer.offer_id });
  byId("offer-accept").addEventListener("click", accept);
  byId("offer-decline").addEventListener("click", () => {
    if (offer) socket.ask("offer.decline", { offer_id: offer.offer_id });
  });
  setInterval(tick, 500);

  function tick() {
    if (offer) {
      const left = Math.max(0, Math.ceil((offer.deadline_unix_ms - now()) / 1000));
      byId("offer-left").textContent = String(left);
      byId("offer-waited").textContent = clock((now() - offer.arrived_unix_ms) / 1000);
      const ring = /** @type {SVGCircleElement | null} */ (document.querySelector(".offer__left"));
      ring?.style.setProperty("stroke-dasharray", `${(396 * left) / config.offerSeconds} 402`);
    }
    for (const [index, item] of queue.items.entries()) {
      const shown = byId("queue").children[index]?.querySelector(".waiter__wait");
      if (shown) shown.textContent = clock((now() - item.arrived_unix_ms) / 1000);
    }
  }

  return {
    accept,
    /** @param {any} state */
    show(state) {
      skewMs = state.now_unix_ms - Date.now();
      queue = state.queue;
      showQueue(state.queue);
      showAppointments(state.appointments);
      showWelcome(state);
      offer = state.offer;
      byId("offer").hidden = !offer;
      byId("welcome").hidden = Boolean(offer);
      if (offer) showOffer(offer);
      tick();
    },
  };
}

/** @param {any} offer */
function showOffer(offer) {
  byId("h-offer").replaceChildren(
    offer.party_name,
    " ",
    ...offer.roles.map((/** @type {string} */ role) => el("span", { class: "chip chip--brand" }, role)),
    el("span", { class: "chip" }, offer.product_name),
  );
  byId("offer-earlier").textContent = offer.earlier_calls ? `${offer.earlier_calls} 次` : "无，首次面谈";
  byId("offer-contract").textContent = offer.contract_no;
  byId("offer-property").textContent = offer.property_address || "—";
  byId("offer-manager").textContent = offer.manager_name || "—";
  byId("offer-why").textContent = offer.why;
}

/** @param {any} queue */
function showQueue(queue) {
  byId("queue-count").textContent = String(queue.waiting);
  byId("waiting").textContent = String(queue.waiting);
  byId("queue-longest").textContent = queue.waiting ? `最长 ${clock(queue.longest_s)}` : "";
  byId("queue-empty").hidden = queue.waiting > 0;
  byId("queue").replaceChildren(
    ...queue.items.map((/** @type {any} */ item, /** @type {number} */ index) =>
      el(
        "li",
        { class: "waiter" },
        el("span", { class: "waiter__n" }, String(index + 1)),
        el(
          "span",
          { class: "waiter__name" },
          item.name,
          item.state === "OFFERED" ? el("span", { class: "chip is-talk" }, "振铃中") : "",
        ),
        el("span", { class: "waiter__wait" }, ""),
        el("span", { class: "waiter__sub" }, `${item.product_name} · ${item.roles.join("、")}${item.why ? ` · ${item.why}` : ""}`),
      ),
    ),
  );
}

/** @param {any[]} appointments */
function showAppointments(appointments) {
  byId("today").textContent = String(appointments.length);
  byId("appointments").replaceChildren(
    ...appointments.map((row) =>
      el(
        "li",
        { class: `appt${row.state === "KEPT" ? " appt--done" : ""}` },
        el("span", { class: "appt__time" }, `${row.start}–${row.end}`),
        el("span", { class: `dot ${DOTS[row.state] ?? ""}` }),
        el("span", { class: "appt__who" }, el("b", {}, row.customer_name), el("span", {}, row.product_name)),
        el("span", {}),
        el("span", { class: "chip" }, row.state_label),
      ),
    ),
  );
}

/** @param {any} state */
function showWelcome(state) {
  const { presence, devices_ok: checked } = state;
  const [title, text] = presence.signed_in
    ? presence.state === "PAUSED"
      ? [`示忙：${presence.reason || "小休"}`, "点击“示闲”后继续接待。"]
      : ["示闲中，等待客户呼入", "客户呼入时会振铃，并显示客户与案件信息。"]
    : checked
      ? ["设备检测已通过", "点击左上角“签入”，开始接待客户。"]
      : ["您好，请先完成设备检测", "检测摄像头、麦克风和扬声器后即可签入。"];
  byId("welcome-title").textContent = title;
  byId("welcome-text").textContent = text;
}
