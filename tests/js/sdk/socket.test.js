import assert from "node:assert/strict";
import test from "node:test";

import { InterviewSocket } from "../../../static/sdk/socket.js";
import { DeafSocket, FakeSocket, SilentSocket } from "../fake-sockets.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

function opened(WebSocketClass = FakeSocket) {
  FakeSocket.made = [];
  SilentSocket.made = [];
  const socket = new InterviewSocket({ url: "ws://x/", token: "t", heartbeatS: 1000, WebSocketClass });
  const up = new Promise((resolve) => socket.addEventListener("up", resolve, { once: true }));
  socket.open();
  return { socket, up };
}

test("the token goes in the first frame, never in the address", async () => {
  const { socket, up } = opened();
  await up;

  assert.equal(FakeSocket.made[0].url, "ws://x/");
  assert.deepEqual(FakeSocket.made[0].sent[0], { type: "hello", id: "1", token: "t" });
  socket.close();
});

test("a refused request rejects with the server's sentence", async () => {
  const { socket, up } = opened();
  await up;

  const asked = socket.ask("chat.send", { text: "好" });
  FakeSocket.made[0].tell({ type: "refused", id: "2", code: "not_in_call", text: "通话尚未接通，请稍候。", retryable: true, facts: {} });

  await assert.rejects(asked, { code: "not_in_call", message: "通话尚未接通，请稍候。" });
  socket.close();
});

test("a broken socket comes back and says hello again", async () => {
  const { socket, up } = opened();
  await up;
  const again = new Promise((resolve) => socket.addEventListener("up", resolve, { once: true }));

  FakeSocket.made[0].close();
  await assert.rejects(socket.ask("heartbeat"), { code: "offline" });
  await again;

  assert.equal(FakeSocket.made.length, 2);
  socket.close();
});

test("a gap in the numbers makes it ask for everything again", async () => {
  const { socket, up } = opened();
  await up;
  const seen = [];
  socket.addEventListener("frame", ({ detail }) => seen.push(detail.seq));

  FakeSocket.made[0].tell({ type: "state", seq: 1, state: {} });
  FakeSocket.made[0].tell({ type: "state", seq: 3, state: {} });

  assert.deepEqual(seen, [1, 3]);
  assert.equal(socket.isUp, false);
  socket.close();
});

test("a token that is no longer good ends it for good", async () => {
  const { socket, up } = opened();
  await up;
  const refused = new Promise((resolve) => socket.addEventListener("refused", ({ detail }) => resolve(detail.code)));

  FakeSocket.made[0].close(4401);

  assert.equal(await refused, "session_refused");
  assert.equal(socket.isClosed, true);
});

test("a socket that does not open is given up, and the next one is begun at once", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { socket } = opened(SilentSocket);

  t.mock.timers.tick(8000);
  t.mock.timers.tick(300);

  assert.equal(SilentSocket.made.length, 2);
  assert.equal(SilentSocket.made[0].readyState, 2);
  socket.close();
});

test("whoever wakes it is not kept waiting by a socket that is still opening", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { socket } = opened(SilentSocket);

  socket.wake();

  assert.equal(SilentSocket.made.length, 2);
  socket.close();
});

test("a dead path that TCP has not noticed is left without waiting for its end", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "setInterval"] });
  const { socket, up } = opened(DeafSocket);
  await up;
  let isDown = false;
  socket.addEventListener("down", () => (isDown = true));

  socket.wake();
  assert.equal(DeafSocket.made[0].sent.at(-1).type, "heartbeat");
  t.mock.timers.tick(8000);
  await settled();
  assert.equal(isDown, true);
  t.mock.timers.tick(300);

  assert.equal(DeafSocket.made.length, 2);
  socket.close();
});

test("what a socket says after it was left is not heard", async () => {
  const { socket, up } = opened();
  await up;
  const seen = [];
  socket.addEventListener("frame", ({ detail }) => seen.push(detail.seq));
  const [old] = FakeSocket.made;
  old.close();

  old.tell({ type: "state", seq: 1, state: {} });

  assert.deepEqual(seen, []);
  socket.close();
});
