import assert from "node:assert/strict";
import test from "node:test";

import { commandsOf, mountAskCustomer, newsOf } from "../../../static/js/workbench/ask-customer.js";

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

test("a recogniser's hint says how sure it is; a doubt is told again to a page that comes later", () => {
  const seen = (id, payload) => ({ id, kind: "observation", participant_id: "p", payload });
  const events = [
    seen("a", { text: "人脸比对一致", confidence: 93, doubtful: false }),
    seen("b", { text: "身份证信息与资料不一致，请人工核验", confidence: 95, doubtful: true }),
  ];
  const told = [];
  mountAskCustomer(async () => null, (text, { bad }) => told.push([text, bad])).show({ ...CALL, events });
  assert.deepEqual(told, [["张晓明：身份证信息与资料不一致，请人工核验（置信度 95%）", true]]);
  assert.deepEqual(newsOf({ ...CALL, events })[0], { key: "observation-a", text: "张晓明：人脸比对一致（置信度 93%）", bad: false });
});
