// @ts-check
/**
 * What the seat asks of a customer's own screen and camera: the confirm card, a picture in full
 * resolution. Also what the customer's device tells. Answers come as notes; everything is a command.
 *
 * @param {(type: string, body?: Record<string, unknown>) => Promise<unknown>} ask
 * @param {(text: string, options?: { bad?: boolean }) => void} tell
 */
export function mountAskCustomer(ask, tell) {
  /** @type {any} */
  let call = null;
  /** @type {Set<string>} what was told already, or was there when the page opened */
  let known = new Set();

  return {
    /** @param {any} fresh the call of the workbench's state */
    show(fresh) {
      const isFirst = call?.id !== fresh.id;
      if (isFirst) known = new Set();
      call = fresh;
      for (const { key, text, bad } of newsOf(fresh)) {
        if (known.has(key)) continue;
        known.add(key);
        // A doubt about a position or a face may be there before the page is: it is told all the same.
        if (!isFirst || key.startsWith("doubt-")) tell(text, { bad });
      }
    },
    /** @returns {{ label: string, act: () => void }[]} what can be asked now */
    commands() {
      return call ? commandsOf(call, ask) : [];
    },
  };
}

/** @param {any} call @param {string} id */
function nameOf(call, id) {
  return call.participants.find((/** @type {any} */ place) => place.id === id)?.name ?? "客户";
}

/** How sure a recogniser is; the seat decides. @param {{ confidence?: number }} found */
const sure = ({ confidence }) => (confidence === undefined ? "" : `（置信度 ${confidence}%）`);

/**
 * What stands in the hint area: what recognition says of each customer's latest picture, and who is to be
 * checked by eye.
 * @param {any} call
 * @returns {{ level: "risk" | "good" | "info", title: string, text: string, atMs: number }[]}
 */
export function hintsOf(call) {
  const events = /** @type {any[]} */ (call.events ?? []);
  return call.participants.flatMap((/** @type {any} */ { id, name }) => {
    const own = events.filter((event) => event.participant_id === id);
    const seen = own.filter((event) => event.kind === "observation");
    const latest = seen.at(-1)?.payload.snapshot_id;
    const found = seen.filter((event) => event.payload.snapshot_id === latest);
    const declined = own.filter((event) => event.kind === "device" && event.payload.what === "option_declined");
    const isDoubtful = found.some((event) => event.payload.doubtful);
    return [
      ...(found.length ? [{
        level: /** @type {"risk" | "good"} */ (isDoubtful ? "risk" : "good"), title: `${name} · 辅助识别`, atMs: found[0].at_ms,
        text: found.map(({ payload }) => payload.text + sure(payload)).join("；"),
      }] : []),
      ...(declined.length ? [{
        level: /** @type {"info"} */ ("info"), title: `${name} · 人工核验`, atMs: declined[0].at_ms,
        text: [...new Set(declined.map(({ payload }) => payload.text))].join("；"),
      }] : []),
    ];
  });
}

/**
 * What has happened on the customers' side, each with a key of its own.
 * @param {any} call
 * @returns {{ key: string, text: string, bad: boolean }[]}
 */
export function newsOf(call) {
  const answers = (call.card?.answers ?? []).map((/** @type {any} */ answer) => ({
    key: `card-${call.card.id}-${answer.participant_id}`,
    text: `${nameOf(call, answer.participant_id)}${answer.accepted ? "已确认贷款信息" : "表示贷款信息与实际不符"}`,
    bad: !answer.accepted,
  }));
  const stills = (call.stills ?? [])
    .filter((/** @type {any} */ still) => still.state !== "ASKED")
    .map((/** @type {any} */ still) => ({
      key: `still-${still.id}`,
      text: still.state === "DONE" ? `原图已收到：${still.kind_label}` : `未能拍到原图：${still.kind_label}`,
      bad: still.state !== "DONE",
    }));
  const device = (call.events ?? [])
    .filter((/** @type {any} */ event) => event.kind === "device")
    .map((/** @type {any} */ event) => ({
      key: `${event.payload.what === "position_doubtful" ? "doubt" : "device"}-${event.id}`,
      text: `${nameOf(call, event.participant_id)}：${event.payload.text}`,
      bad: /interrupted|failed|missing|doubtful/.test(event.payload.what),
    }));
  const found = (call.events ?? [])
    .filter((/** @type {any} */ event) => event.kind === "observation" && event.payload.doubtful)
    .map((/** @type {any} */ event) => ({
      key: `doubt-${event.id}`,
      text: `${nameOf(call, event.participant_id)}：${event.payload.text}${sure(event.payload)}`,
      bad: true,
    }));
  return [...answers, ...stills, ...device, ...found];
}

/**
 * @param {any} call
 * @param {(type: string, body?: Record<string, unknown>) => Promise<unknown>} ask
 */
export function commandsOf(call, ask) {
  const customers = call.participants.filter((/** @type {any} */ p) => p.role === "customer" && p.state === "PRESENT");
  const card = call.card?.shown
    ? { label: "收起确认卡", act: () => void ask("card.withdraw") }
    : { label: "请客户确认贷款信息（确认卡）", act: () => void ask("card.show") };
  const pictures = customers.flatMap((/** @type {any} */ place) =>
    /** @type {const} */ ([["id_card", "手持身份证"], ["property", "手持房产证"], ["other", "其他"]]).map(([kind, word]) => ({
      label: `请${place.name}拍原图：${word}`,
      act: () => void ask("call.still", { participant_id: place.id, kind }),
    })),
  );
  const waiting = (call.stills ?? [])
    .filter((/** @type {any} */ still) => still.state === "ASKED")
    .map((/** @type {any} */ still) => ({
      label: `不再等待原图：${still.kind_label}`,
      act: () => void ask("call.still.cancel", { still_id: still.id }),
    }));
  return [card, ...pictures, ...waiting];
}
