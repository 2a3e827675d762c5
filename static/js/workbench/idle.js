// @ts-check
import { byId, clock, el, icon } from "./dom.js";

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
  byId("offer-transfer").addEventListener("change", (event) => {
    const choice = /** @type {HTMLSelectElement} */ (event.target).value;
    if (offer && choice) {
      void socket.ask("offer.transfer", {
        offer_id: offer.offer_id,
        to_seat_id: choice === "random" ? null : Number(choice),
      });
    }
  });
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
      showQueue(state.queue, state.appointments);
      showAppointments(state.appointments, state.offer);
      showDay(state.day);
      showNews(state.news ?? [], state.presence.signed_in);
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
  byId("offer-amount").textContent = offer.amount || "—";
  byId("offer-slot").textContent = offer.slot || "无预约";
  byId("offer-parties").textContent = `${offer.parties.length} 人`;
  byId("offer-parties").title = offer.parties.join("、");
  byId("offer-ahead").dataset.ahead = offer.task_id;
  byId("offer-property").textContent = offer.property_address || "—";
  byId("offer-manager").textContent = offer.manager_name || "—";
  byId("offer-check").replaceChildren(...checkWords(offer.device_check));
  byId("offer-why").textContent = offer.why;
  showTransfer(offer.transfer_to);
}

/** @param {any} queue @param {any[]} appointments */
function showQueue(queue, appointments) {
  const mine = new Set(appointments.filter((row) => row.state === "BOOKED").map((row) => row.task_id));
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
          mine.has(item.task_id) ? el("span", { class: "chip chip--brand" }, "我的预约") : "",
        ),
        el("span", { class: "waiter__wait" }, ""),
        el("span", { class: "waiter__sub" }, [item.product_name, item.amount, item.roles.join("、"), ...beforeOf(item)].filter(Boolean).join(" · ")),
        ...(item.slot ? [el("span", { class: "waiter__sub" }, `预约 ${item.slot}`)] : []),
        ...(item.why ? [el("span", { class: "waiter__sub" }, item.why)] : []),
        mine.has(item.task_id) ? el("span", { class: "waiter__act" }, aheadButton(item.task_id, item.name), item.state === "WAITING" ? el("button", { class: "btn btn--sm", type: "button", "data-hand-over": item.request_id }, "转出") : "") : "",
      ),
    ),
  );
}

/** @param {any[]} appointments @param {any} offer */
function showAppointments(appointments, offer) {
  const done = appointments.filter((row) => row.state === "KEPT").length;
  byId("today").textContent = String(done);
  byId("today-of").textContent = `/ ${appointments.length}`;
  const sums = /** @type {[string, string, number][]} */ ([
    ["is-idle", "已完成", done],
    ["", "待面谈", appointments.filter((row) => row.state === "BOOKED").length],
    ["is-down", "未到", appointments.filter((row) => row.no_show).length],
    ["is-down", "未接待", appointments.filter((row) => row.state === "EXPIRED" && !row.no_show).length],
  ]);
  byId("appt-sums").replaceChildren(...sums.filter(([, , count]) => count).map(([look, label, count]) => el("span", { class: `chip ${look}` }, `${label} ${count}`)));
  if (!appointments.length) {
    byId("appointments").replaceChildren(el("li", { class: "empty" }, "今日没有预约；签入后可接待排队客户。"));
    return;
  }
  byId("appointments").replaceChildren(
    ...appointments.map((row) => {
      const isNow = offer && row.task_id === offer.task_id;
      return el(
        "li",
        { class: `appt${row.state === "BOOKED" ? "" : " appt--done"}${isNow ? " appt--now" : ""}` },
        el("span", { class: "appt__time" }, `${row.start}–${row.end}`),
        el("span", { class: `dot ${isNow ? "is-talk" : (DOTS[row.state] ?? "")}` }),
        el("span", { class: "appt__who" }, el("b", {}, row.customer_name), el("span", {}, [row.product_name, row.amount, ...beforeOf(row)].filter(Boolean).join(" · "))),
        el("span", { class: "quiet" }, row.punctuality || (row.state === "BOOKED" ? (row.device_check ? (row.device_check.passed ? "预检 ✓" : "预检有问题") : "未预检") : "")),
        row.state === "BOOKED" ? aheadButton(row.task_id, row.customer_name) : el("span"),
        el("span", { class: `chip ${isNow ? "is-talk" : row.state === "KEPT" ? "is-idle" : row.state === "EXPIRED" ? "is-down" : ""}` }, isNow ? "振铃" : row.state_label),
      );
    }),
  );
}

/** How many people, and how often before. @param {{ parties: number, earlier_calls: number }} row */
const beforeOf = ({ parties, earlier_calls: calls }) => [parties > 1 ? `${parties} 位干系人` : "", calls ? `此前 ${calls} 次通话` : ""];

/** @param {string} taskId @param {string} name */
const aheadButton = (taskId, name) => el("button", { class: "btn btn--sm btn--plain", type: "button", "data-ahead": taskId, "aria-label": `案件资料：${name}` }, "案件资料");

/** @param {any} check @returns {(Node | string)[]} */
function checkWords(check) {
  if (!check) return ["未预检"];
  const party = check.parties[0];
  if (check.passed) return [icon("check-c"), `镜头 麦克风 网络${party ? ` · ${party.at}` : ""}`];
  return [icon("alert"), check.parties.map((/** @type {any} */ each) => each.trouble || each.network_label).filter(Boolean).join("、") || "有问题"];
}

/** @param {any} day */
function showDay(day) {
  if (!day) return;
  byId("day-filed").textContent = String(day.filed);
  byId("day-talk").textContent = day.talk_s === null ? "—" : clock(day.talk_s);
  byId("day-wrap").textContent = day.wrap_s === null ? "—" : clock(day.wrap_s);
  byId("day-occupancy").replaceChildren(...(day.occupancy === null ? ["—"] : [String(day.occupancy), el("small", {}, "%")]));
}

/** @param {any[]} news @param {boolean} isSignedIn */
function showNews(news, isSignedIn) {
  const icons = /** @type {Record<string, string>} */ ({ risk: "alert", info: "info", good: "check-c" });
  byId("news-empty").hidden = news.length > 0;
  const hint = byId("news-empty").querySelector("span");
  if (hint) hint.textContent = isSignedIn ? "没有需要处理的事。录像入库与质检结果会显示在这里。" : "签入后才会收到客户呼入；签入状态不可退出登录。";
  byId("news").replaceChildren(
    ...news.map(({ level, title, text, time }) => el("div", { class: `hint hint--${level}` }, icon(icons[level] ?? "info"), el("b", {}, title), el("time", {}, time), el("p", {}, text))),
  );
}

/** @param {any} state */
function showWelcome(state) {
  const { presence, devices_ok: checked } = state;
  const [title, text] = presence.signed_in
    ? presence.state === "PAUSED" && presence.reason === "未应答"
      ? ["未应答：刚才的来电没有接听", "该客户已回到队首，转给其他坐席或稍后再次振铃。点击“示闲”后继续接待。"]
      : presence.state === "PAUSED"
      ? [`示忙：${presence.reason || "小休"}`, "点击“示闲”后继续接待。"]
      : ["示闲中，等待客户呼入", "客户呼入时会振铃，并显示客户与案件信息。"]
    : checked
      ? ["设备检测已通过", "点击左上角“签入”，开始接待客户。"]
      : ["您好，请先完成设备检测", "检测摄像头、麦克风和扬声器后即可签入。"];
  byId("welcome-title").textContent = title;
  byId("welcome-text").textContent = text;
}

/**
 * Who the case can be handed to; rebuilt only when that has changed, so that an open list stays.
 * @param {{seat_id: number, name: string, staff_no: string}[]} seats
 */
function showTransfer(seats) {
  const select = /** @type {HTMLSelectElement} */ (byId("offer-transfer"));
  const key = seats.map((seat) => seat.seat_id).join();
  select.disabled = seats.length === 0;
  if (select.dataset.shown === key && select.value === "") return;
  select.dataset.shown = key;
  select.replaceChildren(
    el("option", { value: "" }, seats.length ? "转出…" : "无人可转"),
    ...(seats.length > 1 ? [el("option", { value: "random" }, "随机转出")] : []),
    ...seats.map((seat) => el("option", { value: String(seat.seat_id) }, `${seat.name} ${seat.staff_no}`)),
  );
}
