import assert from "node:assert/strict";
import test from "node:test";

import { SeatSocket } from "../../../static/js/workbench/seat-socket.js";
import { DeafSocket, FakeSocket, SilentSocket } from "../fake-sockets.js";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** @param {any} WebSocketClass */
function opened(WebSocketClass = FakeSocket) {
  FakeSocket.made = [];
  SilentSocket.made = [];
  const socket = new SeatSocket("ws://x/", "page-1", WebSocketClass);
  const told = [];
  for (const name of ["up", "down"]) socket.addEventListener(name, () => told.push(name));
  socket.open();
  return { socket, told };
}

test("a socket that does not open is given up after eight seconds, and the next one is begun at once", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { told } = opened(SilentSocket);

  t.mock.timers.tick(7999);
  assert.equal(SilentSocket.made.length, 1);
  t.mock.timers.tick(1);
  t.mock.timers.tick(300);

  assert.equal(SilentSocket.made.length, 2);
  assert.equal(SilentSocket.made[0].readyState, 2);
  assert.deepEqual(told, ["down"]);
});

test("a socket that has opened is not given up", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { told } = opened();
  await settled();

  t.mock.timers.tick(60_000);

  assert.equal(FakeSocket.made.length, 1);
  assert.deepEqual(told, ["up"]);
});

test("a beat that is not answered means a dead path: what was asked is refused, and it comes back", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { socket, told } = opened(DeafSocket);
  await settled();
  const asked = assert.rejects(socket.ask("call.mute"), { code: "offline" });

  const beaten = socket.beat();
  t.mock.timers.tick(8000);
  await Promise.all([beaten, asked]);
  t.mock.timers.tick(300);
  await settled();

  assert.equal(DeafSocket.made.length, 2);
  assert.deepEqual(told, ["up", "down", "up"]);
});

test("a refused beat is a sign of life", async () => {
  const { socket, told } = opened();
  await settled();

  const beaten = socket.beat();
  FakeSocket.made[0].tell({ type: "refused", id: "1", code: "bad_frame", text: "" });
  await beaten;

  assert.deepEqual(told, ["up"]);
});

test("what a socket says after it was left is not heard", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { socket } = opened();
  await settled();
  const seen = [];
  socket.addEventListener("frame", ({ detail }) => seen.push(detail.type));
  const [old] = FakeSocket.made;
  old.close();

  old.tell({ type: "snapshot", state: {} });

  assert.deepEqual(seen, []);
});

test("taking the workbench over is said again until the server was heard, and not after that", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  FakeSocket.made = [];
  const socket = new SeatSocket("ws://x/", "page-1", FakeSocket);
  const said = () => FakeSocket.made.map(({ url }) => url.includes("take_over=1"));

  socket.open({ takeOver: true });
  FakeSocket.made[0].close(); // it never opened
  t.mock.timers.tick(300);
  await settled();
  FakeSocket.made[1].tell({ type: "snapshot", state: {} });
  FakeSocket.made[1].close();
  t.mock.timers.tick(300);

  assert.deepEqual(said(), [true, true, false]);
});

test("a workbench that is taken back by another page is not taken over by itself", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  FakeSocket.made = [];
  const socket = new SeatSocket("ws://x/", "page-1", FakeSocket);

  socket.open({ takeOver: true });
  FakeSocket.made[0].close(4409);
  socket.open();

  assert.equal(FakeSocket.made[1].url.includes("take_over"), false);
});
