import assert from "node:assert/strict";
import test from "node:test";

import { commandsOf, hintsOf, mountAskCustomer, newsOf } from "../../../static/js/workbench/ask-customer.js";

const CALL = {
  id: "c",
  participants: [
    { id: "s", role: "seat", name: "林可欣", state: "PRESENT" },
    { id: "p", role: "customer", name: "张晓明", state: "PRESENT" },
    { id: "q", role: "customer", name: "李文静", state: "LOST" },
  ],
  card: null,
  stills: [],
  events: [],
};
const ANSWERED = { id: "k", shown: true, answers: [{ participant_id: "p", accepted: true }] };

test("a card can be shown, and taken away while it is shown", () => {
  const asked = [];
  const ask = async (type, body) => asked.push([type, body]);
  commandsOf(CALL, ask)[0].act();
  commandsOf({ ...CALL, card: ANSWERED }, ask)[0].act();
  assert.deepEqual(asked, [["card.show", undefined], ["card.withdraw", undefined]]);
});

test("pictures are asked of those who are there", () => {
  const labels = commandsOf(CALL, async () => null).map(({ label }) => label);
  assert.deepEqual(labels, ["请客户确认贷款信息（确认卡）", "请张晓明拍原图：手持身份证", "请张晓明拍原图：手持房产证", "请张晓明拍原图：其他"]);
});

test("an answer, a picture and an interruption are told once, with who it was", () => {
  const told = [];
  const one = mountAskCustomer(async () => null, (text, { bad }) => told.push([text, bad]));
  one.show(CALL);
  const later = {
    ...CALL,
    card: ANSWERED,
    stills: [{ id: "x", state: "DONE", kind_label: "手持身份证" }],
    events: [{ id: "e", kind: "device", participant_id: "q", payload: { what: "camera_interrupted", text: "客户端画面中断" } }],
  };
  one.show(later);
  one.show(later);
  assert.deepEqual(told, [["张晓明已确认贷款信息", false], ["原图已收到：手持身份证", false], ["李文静：客户端画面中断", true]]);
});

test("what was there before the page opened is not told again", () => {
  const told = [];
  mountAskCustomer(async () => null, (text) => told.push(text)).show({ ...CALL, card: ANSWERED });
  assert.deepEqual(told, []);
});

test("a refusal is told as one", () => {
  const card = { ...ANSWERED, answers: [{ participant_id: "p", accepted: false }] };
  assert.deepEqual(newsOf({ ...CALL, card }), [{ key: "card-k-p", text: "张晓明表示贷款信息与实际不符", bad: true }]);
});

test("what a recogniser says of the latest picture stands in the hint area; a doubt is told even to a page that comes later", () => {
  const seen = (id, shot, payload) => ({ id, kind: "observation", at_ms: 9000, participant_id: "p", payload: { snapshot_id: shot, ...payload } });
  const events = [
    { id: "d", kind: "device", at_ms: 100, participant_id: "q", payload: { what: "option_declined", text: "客户未同意人脸核验，由坐席人工核验" } },
    seen("o", "before", { text: "人脸比对不一致，请人工核验", confidence: 60, doubtful: true }),
    seen("a", "latest", { text: "人脸比对一致", confidence: 93, doubtful: false }),
    seen("b", "latest", { text: "身份证信息与资料不一致，请人工核验", confidence: 95, doubtful: true }),
  ];
  assert.deepEqual(hintsOf({ ...CALL, events }), [
    { level: "risk", title: "张晓明 · 辅助识别", atMs: 9000, text: "人脸比对一致（置信度 93%）；身份证信息与资料不一致，请人工核验（置信度 95%）" },
    { level: "info", title: "李文静 · 人工核验", atMs: 100, text: "客户未同意人脸核验，由坐席人工核验" },
  ]);
  assert.equal(hintsOf({ ...CALL, events: [events[2]] })[0].level, "good");
  assert.deepEqual(hintsOf(CALL), []);
  const told = [];
  mountAskCustomer(async () => null, (text, { bad }) => told.push([text, bad])).show({ ...CALL, events: events.slice(2) });
  assert.deepEqual(told, [["张晓明：身份证信息与资料不一致，请人工核验（置信度 95%）", true]]);
});
