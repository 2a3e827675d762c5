// @ts-check
/** 分案规则: the list, the sentence that is built out of tokens, the trials. */
import { el, icon } from "../ui/dom.js";
import { span } from "../wallboard/figures.js";
import * as draft from "./draft.js";
import { showReplay } from "./trial.js";

/** @typedef {import("./draft.js").Policy} Policy */
/** @typedef {import("./draft.js").Rule} Rule */
/** @typedef {import("./draft.js").Step} Step */
/** @typedef {import("./draft.js").Condition} Condition */

const at = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id));
const page = at("rules-page");
const given = JSON.parse(at("editor").textContent ?? "{}");
const options = given.options;
/** @type {import("./draft.js").Attribute[]} */
const attributes = options.attributes;
const mayEdit = Boolean(given.may_edit);
const CHECK_AFTER_MS = 350;

/** @type {Policy} */
let policy = given.policy;
let revision = given.revision;
let selected = 0;
let sentences = /** @type {string[]} */ (given.sentences);
let warnings = /** @type {{rule: string, text: string}[]} */ (given.warnings);
let problems = /** @type {{rule: number | null, text: string}[]} */ ([]);
let dirty = false;
let trialNumber = 0;
/** @type {number | undefined} */
let checkTimer;

/**
 * @param {string} url
 * @param {object} body
 */
async function ask(url, body) {
  const token = page.querySelector("input[name=csrfmiddlewaretoken]");
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token instanceof HTMLInputElement ? token.value : "" },
    body: JSON.stringify(body),
  });
  return { ok: answer.ok, body: /** @type {any} */ (await answer.json()) };
}

/**
 * What is being typed or ticked is not drawn again under the hand: the click that leaves a field
 * must find its button, the next key its field.
 * @param {Policy} next
 * @param {() => void} [draw]
 */
function change(next, draw = render) {
  policy = next;
  dirty = true;
  at("saved").textContent = "有未保存的修改";
  draw();
  clearTimeout(checkTimer);
  checkTimer = setTimeout(() => void check(), CHECK_AFTER_MS);
}

async function check() {
  const { ok, body } = await ask(page.dataset.checkUrl ?? "", { policy });
  told(ok, body);
}

/**
 * @param {boolean} ok
 * @param {any} body
 */
function told(ok, body) {
  problems = ok ? [] : body.problems ?? [{ rule: null, text: body.detail ?? "未成功" }];
  if (ok && body.sentences) ({ sentences, warnings } = body);
  renderList();
  renderReading();
}

/**
 * @param {string} look
 * @param {[string, string][]} choices
 * @param {string} value
 * @param {string} name
 * @param {(value: string) => void} chosen
 */
function select(look, choices, value, name, chosen) {
  const made = el("select", { class: `tok ${look}`, "aria-label": name, disabled: !mayEdit });
  for (const [code, label] of choices) made.append(el("option", { value: code, selected: code === value }, label));
  made.addEventListener("change", () => chosen(/** @type {HTMLSelectElement} */ (made).value));
  return made;
}

/**
 * @param {string} look
 * @param {number} value
 * @param {{least: number, most: number, name: string}} bounds
 * @param {(value: number) => void} chosen
 */
function number(look, value, bounds, chosen) {
  const made = /** @type {HTMLInputElement} */ (
    el("input", { class: `tok ${look}`, type: "number", min: String(bounds.least), max: String(bounds.most), value: String(value), "aria-label": bounds.name, disabled: !mayEdit })
  );
  const now = () => (Number.isFinite(made.valueAsNumber) ? Math.round(made.valueAsNumber) : bounds.least);
  made.addEventListener("input", () => chosen(now()));
  made.addEventListener("change", () => (made.value = String(now())));
  return made;
}

/**
 * Several of many: a token that opens into boxes to tick, with a filter when there are many.
 * @param {[string, string][]} choices
 * @param {string[]} values
 * @param {string} name
 * @param {(values: string[]) => void} chosen
 */
function several(choices, values, name, chosen) {
  const labels = new Map(choices);
  const summary = el("summary", {});
  const menu = el("div", { class: "tok__menu" });
  const box = /** @type {HTMLDetailsElement} */ (el("details", {}, summary, menu));
  const ticked = new Set(values);
  const write = () => {
    summary.textContent = [...ticked].map((value) => (labels.get(value) ?? value).split(" ").at(-1)).join("、") || "请选择";
    box.className = ticked.size ? "tok tok--val" : "tok tok--empty";
  };
  write();
  const list = (/** @type {string} */ words) => {
    const shown = choices.filter(([value, label]) => (words ? label.replaceAll(" ", "").includes(words) || value.startsWith(words) : ticked.has(value) || choices.length <= 60 || value.endsWith("0000")));
    return shown.slice(0, 80).map(([value, label]) => {
      const tick = /** @type {HTMLInputElement} */ (el("input", { type: "checkbox", checked: ticked.has(value), disabled: !mayEdit }));
      tick.addEventListener("change", () => {
        if (tick.checked) ticked.add(value);
        else ticked.delete(value);
        write();
        chosen([...ticked]);
      });
      return el("label", {}, tick, label);
    });
  };
  const rows = el("div", {}, ...list(""));
  if (choices.length > 12) {
    const filter = /** @type {HTMLInputElement} */ (el("input", { class: "input", placeholder: "输入名称筛选", "aria-label": `${name}筛选` }));
    filter.addEventListener("input", () => rows.replaceChildren(...list(filter.value.trim())));
    menu.append(filter);
  }
  menu.append(rows);
  box.setAttribute("aria-label", name);
  return box;
}

/** @param {string} name @param {() => void} act */
function cross(name, act) {
  const button = el("button", { class: "tok__x", type: "button", "aria-label": name }, "×");
  button.addEventListener("click", act);
  return button;
}

/** @param {string} label @param {() => void} act */
function adder(label, act) {
  const button = el("button", { class: "tok tok--new", type: "button" }, icon("plus"), label);
  button.addEventListener("click", act);
  return button;
}

/** @param {(rule: Rule) => Rule} how @param {() => void} [draw] */
const rework = (how, draw) => change(draft.withRule(policy, selected, how), draw);

/** Everything that follows from a value of the sentence, but not the sentence itself. */
function renderAround() {
  renderList();
  renderClock();
}

/**
 * @param {Condition} condition
 * @param {number} index
 */
function conditionTokens(condition, index) {
  const put = (/** @type {Partial<Condition>} */ part, draw = renderAround) =>
    rework((rule) => ({ ...rule, conditions: rule.conditions.map((each, place) => (place === index ? { ...each, ...part } : each)) }), draw);
  const kind = attributes.find((each) => each.value === condition.attribute);
  if (!kind) return el("span", { class: "sent__part" }, condition.attribute);
  const names = /** @type {[string, string][]} */ (attributes.map((each) => [each.value, each.label]));
  const tokens = [
    select("tok--attr", names, condition.attribute, "属性", (value) => {
      const next = attributes.find((each) => each.value === value);
      if (next) put(draft.freshCondition(next), render);
    }),
    " ",
  ];
  if (kind.kind === "flag") {
    tokens.push(select("tok--val", [["1", "是"], ["0", "否"]], String(condition.number), kind.label, (value) => put({ number: Number(value) })));
  } else {
    tokens.push(select("tok--attr", kind.ops, condition.op, "比较", (op) => put({ op })), " ");
    if (kind.kind === "number") {
      tokens.push(number("tok--val", condition.number ?? kind.least, { ...kind, name: kind.label }, (value) => put({ number: value })), ` ${kind.unit}`);
    } else {
      const choices = kind.kind === "region" ? options.regions : kind.choices;
      tokens.push(several(choices, condition.values, kind.label, (values) => put({ values })));
    }
  }
  if (mayEdit) tokens.push(cross(`删除条件：${kind.label}`, () => rework((rule) => ({ ...rule, conditions: rule.conditions.filter((_each, place) => place !== index) }))));
  return el("span", { class: "sent__part" }, ...tokens);
}

/** @param {Rule} rule */
function conditionLine(rule) {
  const parts = rule.conditions.flatMap((condition, index) => [...(index ? ["，并且 "] : []), conditionTokens(condition, index)]);
  if (!parts.length) parts.push(el("span", { class: "soft" }, "所有来电 "));
  const [first] = attributes;
  if (mayEdit && first) parts.push(" ", adder("条件", () => rework((each) => ({ ...each, conditions: [...each.conditions, draft.freshCondition(first)] }))));
  return el("div", { class: "sent__line" }, el("span", { class: "sent__key" }, "当"), el("p", {}, ...parts));
}

/**
 * @param {Rule} rule
 * @param {Step} step
 * @param {number} index
 */
function stepLine(rule, step, index) {
  const put = (/** @type {Partial<Step>} */ part, draw = renderAround) =>
    rework((each) => ({ ...each, steps: each.steps.map((old, place) => (place === index ? { ...old, ...part } : old)) }), draw);
  const last = index === rule.steps.length - 1;
  const key = index === 0 ? "先" : last ? "最后" : "再";
  const days = () => number("tok--val", step.within_days, { least: 1, most: 3650, name: "天数" }, (value) => put({ within_days: value }));
  /** @type {(Node | string)[]} */
  const parts = [index === 0 ? "给 " : "放宽到 ", select("tok--val", options.scopes, step.scope, "坐席范围", (scope) => put({ scope, seats: [] }, render))];
  if (step.scope === "seats") parts.push(" ", several(options.seats, step.seats.map(String), "指定的坐席", (values) => put({ seats: values.map(Number) })));
  if (step.scope === "served") parts.push("（", days(), " 天内）");
  parts.push("，取 ", select("tok--do", options.strategies, step.strategy, "策略", (strategy) => put({ strategy }, render)));
  if (step.strategy === "last_served" && step.scope !== "served") parts.push("（", days(), " 天内）");
  if (!last) parts.push(" ", el("span", { class: "sent__part" }, "等 ", number("tok--time", step.wait_s, { least: 1, most: 7200, name: "等待秒数" }, (value) => put({ wait_s: value })), " 秒"));
  if (last && mayEdit && rule.steps.length < draft.MOST_STEPS) parts.push(" ", adder("一步", () => rework(draft.addStep)));
  const line = el("div", { class: "sent__line" }, el("span", { class: "sent__key" }, key), el("p", {}, ...parts));
  if (mayEdit && rule.steps.length > 1) line.append(cross(`删除第 ${index + 1} 步`, () => rework((each) => draft.dropStep(each, index))));
  return line;
}

/** @param {Rule} rule */
function priorityLine(rule) {
  const points = /** @type {[string, string][]} */ (Array.from({ length: 10 }, (_none, value) => [String(value), value ? `加 ${value}` : "不变"]));
  return el("div", { class: "sent__line" }, el("span", { class: "sent__key" }, "排队"), el("p", {}, "优先级 ", select("tok--time", points, String(rule.priority), "优先级", (value) => rework((each) => ({ ...each, priority: Number(value) }), renderAround))));
}

/** @param {string} label @param {() => void} act @param {boolean} [off] */
function small(label, act, off = false) {
  const button = el("button", { class: "btn btn--plain btn--sm", type: "button", disabled: off }, label);
  button.addEventListener("click", act);
  return button;
}

function render() {
  renderList();
  const rule = policy.rules[selected];
  const builder = at("builder");
  if (!rule) {
    builder.replaceChildren(
      el("div", { class: "card__head" }, el("h2", {}, "默认")),
      el("div", { class: "builder__body" }, el("p", { class: "read" }, "没有规则适用的客户，在全部示闲坐席中随机分配。", mayEdit ? "点左上角的加号新增规则。" : "")),
    );
    return;
  }
  const name = /** @type {HTMLInputElement} */ (el("input", { class: "builder__name", value: rule.name, maxlength: "30", "aria-label": "规则名称", disabled: !mayEdit }));
  name.addEventListener("input", () => rework((each) => ({ ...each, name: name.value.trim() }), renderAround));
  const acts = mayEdit
    ? [
        small("上移", () => go(selected - 1), selected === 0),
        small("下移", () => go(selected + 1), selected === policy.rules.length - 1),
        small(rule.enabled ? "停用" : "启用", () => rework((each) => ({ ...each, enabled: !each.enabled }))),
        small("复制", copy),
        small("删除", () => {
          const next = { ...policy, rules: policy.rules.filter((_each, index) => index !== selected) };
          selected = Math.max(0, selected - 1);
          change(next);
        }),
      ]
    : [];
  const keepFocus = focusIn(builder);
  builder.replaceChildren(
    el("div", { class: "card__head" }, el("h2", {}, `规则 ${selected + 1} ·`), name, rule.enabled ? "" : el("span", { class: "chip is-off" }, "已停用"), el("span", { class: "end" }, ...acts)),
    el(
      "div", { class: "builder__body" },
      el("div", { class: "sent" }, conditionLine(rule), ...rule.steps.map((step, index) => stepLine(rule, step, index)), priorityLine(rule)),
      el("div", { class: "steps-clock", id: "clock", role: "group", "aria-label": "累计等待" }),
      el("p", { class: "read", id: "reading" }),
      el("div", { id: "findings" }),
      el("section", { class: "trace", id: "one", "aria-label": "用一次来电检验" }),
    ),
  );
  renderClock();
  renderReading();
  renderOneHead();
  keepFocus();
}

/**
 * Who works with keys goes on where he was after the sentence has been drawn again.
 * @param {HTMLElement} builder
 */
function focusIn(builder) {
  const focused = document.activeElement;
  const name = focused?.getAttribute("aria-label");
  if (!name || !builder.contains(focused)) return () => {};
  const same = () => /** @type {NodeListOf<HTMLElement>} */ (builder.querySelectorAll(`[aria-label="${CSS.escape(name)}"]`));
  const place = [...same()].indexOf(/** @type {HTMLElement} */ (focused));
  return () => same()[place]?.focus();
}

function renderClock() {
  const clock = document.getElementById("clock");
  const rule = policy.rules[selected];
  if (!clock || !rule) return;
  clock.replaceChildren(
    ...draft.stretches(rule).map(([from, to], index) => {
      const scope = options.scopes.find((/** @type {string[]} */ each) => each[0] === rule.steps[index]?.scope)?.[1] ?? "";
      return el("div", {}, el("b", {}, to === null ? `${from} s 起` : `${from}–${to} s`), scope);
    }),
  );
}

/** @param {number} to */
function go(to) {
  const from = selected;
  selected = to;
  change(draft.moveRule(policy, from, to));
}

function copy() {
  const rule = policy.rules[selected];
  if (!rule) return;
  const twin = { ...rule, key: draft.freshKey(policy), name: `${rule.name.slice(0, 26)} 副本` };
  const rules = [...policy.rules];
  rules.splice(selected + 1, 0, twin);
  selected += 1;
  change({ ...policy, rules });
}

function renderList() {
  const before = new Map(given.in_force.rules.map((/** @type {Rule} */ rule) => [rule.key, JSON.stringify(rule)]));
  const booked = el("li", {}, el("div", { class: "rulei rulei--fixed" }, el("span", { class: "rulei__n" }, "0"), el("span", {}, el("b", {}, "预约坐席优先"), el("small", {}, "时段内的预约客户，只给预约的坐席（固定）"))));
  const rows = policy.rules.map((rule, index) => {
    const changed = before.get(rule.key) !== JSON.stringify(rule);
    const bad = problems.some((each) => each.rule === index);
    const button = el(
      "button",
      { class: `rulei${index === selected ? " rulei--on" : ""}${rule.enabled ? "" : " rulei--off"}`, type: "button", draggable: mayEdit ? "true" : undefined, "aria-current": index === selected ? "true" : undefined },
      el("span", { class: "rulei__n" }, String(index + 1)),
      el("span", {}, el("b", {}, rule.name, changed ? el("span", { class: "chip is-busy" }, "草稿") : "", bad ? el("span", { class: "chip is-down" }, "待完善") : ""), el("small", {}, rule.enabled ? sentences[index] ?? "" : "已停用")),
    );
    button.addEventListener("click", () => {
      selected = index;
      render();
    });
    button.addEventListener("dragstart", (event) => event.dataTransfer?.setData("text/plain", String(index)));
    button.addEventListener("dragover", (event) => event.preventDefault());
    button.addEventListener("drop", (event) => {
      event.preventDefault();
      const from = Number(event.dataTransfer?.getData("text/plain"));
      if (!mayEdit || !Number.isInteger(from) || from === index) return;
      selected = index;
      change(draft.moveRule(policy, from, index));
    });
    return el("li", {}, button);
  });
  const last = el("li", {}, el("div", { class: "rulei rulei--fixed" }, el("span", { class: "rulei__n" }, String(policy.rules.length + 1)), el("span", {}, el("b", {}, "默认"), el("small", {}, "其余全部，随机（固定）"))));
  at("rules").replaceChildren(booked, ...rows, last);
}

function renderReading() {
  const reading = document.getElementById("reading");
  const findings = document.getElementById("findings");
  const rule = policy.rules[selected];
  if (!reading || !findings || !rule) return;
  reading.replaceChildren(el("b", {}, "读作："), sentences[selected] ?? "");
  const mine = [
    ...problems.filter((each) => each.rule === selected || each.rule === null).map((each) => ({ look: "stop", text: each.text })),
    ...warnings.filter((each) => each.rule === rule.key).map((each) => ({ look: "risk", text: each.text })),
  ];
  findings.replaceChildren(
    ...(mine.length
      ? mine.map(({ look, text }) => el("div", { class: `hint hint--${look}` }, icon("alert"), el("span", {}, text)))
      : [el("div", { class: "hint hint--good" }, icon("check-c"), el("span", {}, el("b", {}, "检查通过："), "条件和步骤完整，最后一步总有人可接"))]),
  );
}

function renderOneHead() {
  const box = document.getElementById("one");
  if (!box) return;
  const button = small("用最近一次来电检验", () => void tryOne(0));
  box.replaceChildren(el("div", { class: "trace__head" }, el("h3", {}, "用一次来电检验"), el("span", { class: "grow" }), button));
}

/** @param {number} next */
async function tryOne(next) {
  trialNumber = next;
  const box = document.getElementById("one");
  const { ok, body } = await ask(page.dataset.oneUrl ?? "", { policy, number: trialNumber });
  if (!box) return;
  if (!ok) {
    told(false, body);
    return;
  }
  const found = body.found;
  if (!found) {
    box.replaceChildren(el("div", { class: "trace__head" }, el("h3", {}, "用一次来电检验"), el("span", { class: "quiet" }, "没有更早的来电了。"), el("span", { class: "grow" }), small("从最近一次开始", () => void tryOne(0))));
    return;
  }
  const rows = [
    ...(found.chosen ? [row(true, found.chosen, found.why, "选中")] : [row(false, "—", found.why, "未选出")]),
    ...found.seats.map((/** @type {any} */ each) => row(false, each.seat, each.why_not, "未选")),
    ...found.away.map((/** @type {any} */ each) => row(false, each.seat, "当前不空闲", each.why_not)),
  ];
  box.replaceChildren(
    el("div", { class: "trace__head" }, el("h3", {}, "用一次来电检验"), ...found.facts.map((/** @type {string} */ fact) => el("span", { class: "chip" }, fact)), el("span", { class: "chip chip--brand" }, found.rule), el("span", { class: "grow" }), small("换一次来电", () => void tryOne(trialNumber + 1))),
    el("ol", {}, ...rows),
  );
}

/**
 * @param {boolean} yes
 * @param {string} seat
 * @param {string} text
 * @param {string} mark
 */
function row(yes, seat, text, mark) {
  return el("li", { class: yes ? "trace__row trace__row--yes" : "trace__row" }, icon(yes ? "check" : "x-c"), yes ? el("b", {}, seat) : el("span", {}, seat), el("span", { class: yes ? "" : "soft" }, text), el("span", { class: yes ? "chip is-idle" : "chip" }, mark));
}

async function save() {
  const sent = policy;
  const { ok, body } = await ask(page.dataset.saveUrl ?? "", { policy: sent, revision });
  told(ok, body);
  if (!ok) {
    at("saved").textContent = String(body.detail ?? "未保存");
    return false;
  }
  revision = body.revision;
  dirty = policy !== sent;
  at("saved").textContent = dirty ? "有未保存的修改" : "草稿已保存";
  at("draft-chip").hidden = false;
  at("draft-chip").textContent = `草稿 第 ${body.number} 版`;
  return true;
}

async function publish() {
  if ((dirty || revision === 0) && !(await save())) return;
  const dialog = /** @type {HTMLDialogElement} */ (at("publish-dialog"));
  at("publish-warnings").textContent = warnings.length ? `请留意 ${warnings.length} 处提醒：${warnings.map((each) => each.text).join("")}` : "";
  dialog.showModal();
}

const dialog = /** @type {HTMLDialogElement} */ (at("publish-dialog"));
dialog.addEventListener("close", async () => {
  if (dialog.returnValue !== "publish") return;
  const note = /** @type {HTMLInputElement} */ (at("publish-note"));
  const { ok, body } = await ask(page.dataset.publishUrl ?? "", { revision, note: note.value });
  if (ok) location.reload();
  else at("saved").textContent = String(body.detail ?? "未发布");
});

const LOOK_MS = 500;

/** Until it is done. @param {string} id @returns {Promise<{ ok: boolean, body: any }>} */
async function replayed(id) {
  const bar = /** @type {HTMLProgressElement} */ (el("progress", { max: "1", "aria-label": "试算进度" }));
  at("dry").replaceChildren(el("p", { class: "quiet", role: "status" }, "正在重放……"), bar);
  for (;;) {
    await new Promise((done) => setTimeout(done, LOOK_MS));
    const answer = await fetch(`${page.dataset.replayUrl}/${id}`).catch(() => null);
    if (!answer) continue; // the network is away: the worker goes on
    const body = await answer.json().catch(() => ({}));
    if (!answer.ok || body.found) return { ok: answer.ok, body: body.found ?? body };
    bar.value = body.share;
  }
}

const replay = /** @type {HTMLButtonElement} */ (at("replay"));
replay.addEventListener("click", async () => {
  replay.disabled = true;
  const days = Number(/** @type {HTMLSelectElement} */ (at("days")).value);
  const begun = await ask(page.dataset.replayUrl ?? "", { policy, days });
  const { ok, body } = begun.ok ? await replayed(begun.body.trial) : begun;
  replay.disabled = false;
  if (ok) showReplay(at("dry"), body, span);
  else {
    told(false, body);
    at("dry").replaceChildren(el("p", { class: "hint hint--stop" }, String(body.detail ?? "未成功")));
  }
});

const ageing = /** @type {HTMLInputElement} */ (at("ageing"));
ageing.value = String(Math.round(policy.ageing_s / 60));
ageing.addEventListener("change", () => change({ ...policy, ageing_s: Math.max(0, Math.min(120, Math.round(ageing.valueAsNumber || 0))) * 60 }));
document.getElementById("save")?.addEventListener("click", () => void save());
document.getElementById("publish")?.addEventListener("click", () => void publish());
document.getElementById("add-rule")?.addEventListener("click", () => {
  const next = draft.addRule(policy);
  selected = next.rules.length - 1;
  change(next);
});
// A click elsewhere closes an open list of boxes.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.tok[open]")) {
    if (event.target instanceof Node && !open.contains(event.target)) /** @type {HTMLDetailsElement} */ (open).open = false;
  }
});
window.addEventListener("beforeunload", (event) => {
  if (dirty) event.preventDefault();
});
render();
