import assert from "node:assert/strict";
import test from "node:test";

import { OwnMute } from "../../../static/js/workbench/own-mute.js";

/** A microphone, a server that answers when it is told to, and what the page says. */
function desk() {
  const asked = [];
  const said = [];
  const desk = { asked, said, isSilent: false };
  desk.mute = new OwnMute({
    ask: (muted) => new Promise((agree, refuse) => asked.push({ muted, agree, refuse: (text) => refuse(new Error(text)) })),
    silence: (isSilent) => (desk.isSilent = isSilent),
    say: (text) => said.push(text),
  });
  return desk;
}
const settled = () => new Promise(setImmediate);

test("the microphone is silent before the server has answered", () => {
  const { mute, asked, ...rest } = desk();
  const d = Object.assign(rest, { mute });
  void mute.toggle();

  assert.equal(mute.isSilent, true);
  assert.deepEqual(asked.map(({ muted }) => muted), [true]);
  assert.equal(d.mute.isHere, false, "on its way: nothing to say yet");
});

test("it is opened only when the server has agreed", async () => {
  const d = desk();
  d.mute.tell(true);
  void d.mute.toggle();
  assert.equal(d.isSilent, true);

  d.asked[0].agree();
  await settled();

  assert.equal(d.isSilent, false);
  assert.deepEqual(d.said, []);
});

test("a mute that the server refuses holds here, and the page says so", async () => {
  const d = desk();
  void d.mute.toggle();
  d.asked[0].refuse("音视频服务暂不可用。");
  await settled();
  d.mute.tell(false); // the server's word still is that the person is heard

  assert.equal(d.isSilent, true);
  assert.equal(d.mute.isHere, true);
  assert.deepEqual(d.said, ["音视频服务暂不可用。您的麦克风已在本机关闭，对方听不到您。"]);
});

test("what was not said is said when the server is there again", async () => {
  const d = desk();
  void d.mute.toggle();
  d.asked[0].refuse("与服务器的连接已断开。");
  await settled();

  d.mute.again();
  d.asked[1].agree();
  await settled();
  d.mute.again();

  assert.deepEqual(d.asked.map(({ muted }) => muted), [true, true]);
  assert.equal(d.mute.isHere, false);
  assert.equal(d.isSilent, true);
  assert.equal(d.said.length, 1);
});

test("an unmute that is refused leaves the person muted, and the page says so", async () => {
  const d = desk();
  d.mute.tell(true);
  void d.mute.toggle();
  d.asked[0].refuse("服务没有响应，请稍后再试。");
  await settled();

  assert.equal(d.isSilent, true);
  assert.deepEqual(d.said, ["服务没有响应，请稍后再试。您仍处于静音。"]);
});

test("the last press counts, whatever order the answers come in", async () => {
  const d = desk();
  void d.mute.toggle();
  void d.mute.toggle();
  void d.mute.toggle();
  assert.deepEqual(d.asked.map(({ muted }) => muted), [true, false, true]);

  d.asked[0].agree();
  d.asked[1].agree();
  await settled();
  assert.equal(d.isSilent, true);
  d.asked[2].agree();
  await settled();

  assert.equal(d.isSilent, true);
});

test("a new call begins with what the server tells", async () => {
  const d = desk();
  void d.mute.toggle();
  d.mute.reset();
  d.asked[0].agree();
  await settled();
  d.mute.tell(false);

  assert.equal(d.isSilent, false);
});
