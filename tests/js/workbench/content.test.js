// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { contentOf as contentOnPhone } from "../../../static/js/h5/content.js";
import { matching } from "../../../static/js/workbench/palette.js";
import { covered, scaleFor } from "../../../static/js/workbench/paint.js";
import { arrowHead, Drawing } from "../../../static/js/workbench/pen.js";
import { lookOf, TAGS } from "../../../static/js/workbench/tags.js";
import { companyOf, contentOf, inOrder, networkOf } from "../../../static/js/workbench/wall.js";
import { scaleOf, withinLimits } from "../../../static/sdk/media-connection.js";

const person = (/** @type {string} */ id, /** @type {string} */ role) => ({ id, role, name: id, party_roles: [], state: "PRESENT", muted: false, reconnect_until_unix_ms: null });

test("a stroke is drawn, undone and cleared; a touch without a movement leaves nothing", () => {
  const drawing = new Drawing();
  drawing.begin("pen", { x: 0, y: 0 });
  drawing.move({ x: 5, y: 5 });
  drawing.move({ x: 9, y: 5 });
  drawing.end();
  drawing.begin("pen", { x: 1, y: 1 });
  drawing.end();
  assert.deepEqual(drawing.strokes.map(({ points }) => points.length), [3]);
  drawing.begin("highlight", { x: 0, y: 0 });
  drawing.move({ x: 1, y: 0 });
  drawing.end();
  assert.equal(drawing.undo(), true);
  assert.deepEqual(drawing.strokes.map(({ tool }) => tool), ["pen"]);
  drawing.clear();
  assert.equal(drawing.undo(), false);
});

test("an arrow goes straight to where the pen is, and its barbs point back", () => {
  const drawing = new Drawing();
  drawing.begin("arrow", { x: 0, y: 0 });
  drawing.move({ x: 50, y: 40 });
  drawing.move({ x: 100, y: 0 });
  assert.deepEqual(drawing.strokes[0]?.points, [{ x: 0, y: 0 }, { x: 100, y: 0 }]);
  const [up, down] = arrowHead({ x: 0, y: 0 }, { x: 100, y: 0 });
  assert.ok(up.x < 100 && down.x < 100);
  assert.ok(Math.abs(up.y + down.y) < 1e-9);
});

test("the pointer leaves no mark", () => {
  const drawing = new Drawing();
  drawing.begin("pointer", { x: 0, y: 0 });
  drawing.move({ x: 9, y: 9 });
  drawing.end();
  assert.deepEqual(drawing.strokes, []);
});

test("a narrow card is enlarged for phones, a tall one kept within what a room carries", () => {
  assert.equal(scaleFor(960, 500), 1);
  assert.equal(scaleFor(320, 200), 2);
  assert.equal(scaleFor(640, 2560), 0.5);
});

test("a picture that covers its box is cut at the sides it sticks out", () => {
  assert.deepEqual(covered(400, 200, 100, 100), { x: 100, y: 0, w: 200, h: 200 });
});

test("who is pinned stands first, then what is shown, customers, and the seat last", () => {
  const people = [person("me", "seat"), person("zhang", "customer"), person("media", "content"), person("li", "customer")];
  assert.deepEqual(inOrder(people, "").map(({ id }) => id), ["media", "zhang", "li", "me"]);
  assert.deepEqual(inOrder(people, "li").map(({ id }) => id), ["li", "media", "zhang", "me"]);
});

test("the wall shows the item and the seat's own share as it comes back", () => {
  const tiles = contentOf({ playout: { title: "风险提示" }, share: { title: "贷款方案" } });
  assert.deepEqual(tiles.map(({ id, name }) => [id, name]), [["media", "播放 · 风险提示"], ["share", "客户所见 · 贷款方案"]]);
  assert.deepEqual(contentOf({ playout: null, share: null }), []);
});

test("on the phone a playing item comes before a shared region, and that before a waiting item", () => {
  const share = { title: "x", at_ms: 0 };
  const playing = /** @type {any} */ ({ id: "1", state: "PLAYING" });
  const waiting = /** @type {any} */ ({ id: "1", state: "PAUSED" });
  assert.equal(contentOnPhone({ playout: playing, share }), "media");
  assert.equal(contentOnPhone({ playout: waiting, share }), "share");
  assert.equal(contentOnPhone({ playout: waiting, share: null }), "media");
  assert.equal(contentOnPhone({ playout: null, share }), "share");
  assert.equal(contentOnPhone({ playout: null, share: null }), null);
});

test("the palette finds a command by any of its words and by its keys", () => {
  const commands = [{ label: "标签：风险点", keys: "F4 1", act() {} }, { label: "抓拍", keys: "F9", act() {} }];
  assert.deepEqual(matching(commands, "风险").map(({ label }) => label), ["标签：风险点"]);
  assert.deepEqual(matching(commands, "f9").map(({ label }) => label), ["抓拍"]);
  assert.equal(matching(commands, "").length, 2);
  assert.equal(matching(commands, "标签 抓拍").length, 0);
});

test("there are nine kinds of tags, and an unknown one has a name, too", () => {
  assert.equal(TAGS.length, 9);
  assert.deepEqual(lookOf("income"), ["mark--risk", "收入疑点"]);
  assert.deepEqual(lookOf("key_point"), ["mark--key", "重点"]);
  assert.equal(lookOf("made_up")[1], "其他");
});

test("what an app asks for stays within the bank's limits, which hold without a wish, too", () => {
  const limits = { min_kbps: 300, max_kbps: 900 };
  assert.deepEqual(withinLimits({ maxKbps: 5000, frameRate: 20 }, limits), { maxKbps: 900, frameRate: 20 });
  assert.deepEqual(withinLimits({ maxKbps: 50 }, limits), { maxKbps: 300 });
  assert.deepEqual(withinLimits({}, limits), { maxKbps: 900 });
  assert.deepEqual(withinLimits({ maxKbps: 700 }, undefined), { maxKbps: 700 });
});

test("resolution, frame rate and preference stay within what the bank allows", () => {
  const limits = { min_kbps: 300, max_kbps: 900, lines: 480, frame_rate: 15, preference: /** @type {const} */ ("quality") };
  assert.deepEqual(withinLimits({ lines: 1080, frameRate: 30, preference: "smooth" }, limits), {
    maxKbps: 900, lines: 480, frameRate: 15, preference: "smooth",
  });
  assert.deepEqual(withinLimits({ lines: 240 }, limits), { maxKbps: 900, lines: 480, frameRate: 15, preference: "quality" });
});

test("a picture is sent smaller by its shorter side, never larger, and never below 480 lines", () => {
  assert.equal(scaleOf({ lines: 480 }, { width: 1280, height: 720 }), 1.5);
  assert.equal(scaleOf({ lines: 480 }, { width: 720, height: 1280 }), 1.5);
  assert.equal(scaleOf({ lines: 720 }, { width: 640, height: 480 }), 1);
  assert.equal(scaleOf({ scaleDownBy: 4 }, { width: 1280, height: 720 }), 1.5);
  assert.equal(scaleOf({ scaleDownBy: 2 }, {}), 2);
});

test("a tile says whose network is bad, and which way", () => {
  const quality = { level: "poor", fault: "up", width: 640, height: 480, fps: 14.6, kbps_up: 320.4, kbps_down: 500, loss_up: 9, loss_down: 0, rtt_ms: 180.2 };
  assert.equal(networkOf(quality, "客户").word, "客户上行网络差");
  assert.equal(networkOf({ ...quality, fault: "down", level: "fair" }, "本机").word, "本机下行网络一般");
  assert.equal(networkOf({ ...quality, level: "good" }, "客户").figures, "480p · 15 帧");
  assert.match(networkOf(quality, "客户").detail, /上行 320 kbit\/s，丢包 9%/);
});

test("the seat is told who joined and who listens", () => {
  const person = (/** @type {string} */ role, /** @type {string} */ name) => ({ role, name });
  const call = { participants: [person("seat", "林可欣"), person("supervisor", "韩雪")], listeners: [person("supervisor", "陈立")] };

  assert.equal(companyOf(call), "主管 韩雪 已加入；主管 陈立 正在旁听");
  assert.equal(companyOf({ participants: [person("seat", "林可欣")], listeners: [] }), "");
});
