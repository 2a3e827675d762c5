import assert from "node:assert/strict";
import test from "node:test";

class FakeTrack extends EventTarget {
  enabled = true;
  readyState = "live";
  constructor(kind) {
    super();
    this.kind = kind;
  }
  stop() {
    this.readyState = "ended";
  }
  /** Unplugged. */
  end() {
    this.stop();
    this.dispatchEvent(new Event("ended"));
  }
}

class FakeStream {
  constructor(tracks = []) {
    this.tracks = [...tracks];
  }
  getTracks() {
    return [...this.tracks];
  }
  addTrack(track) {
    this.tracks.push(track);
  }
  removeTrack(track) {
    this.tracks = this.tracks.filter((each) => each !== track);
  }
}

/** What is plugged in; a kind may refuse with the name of a DOMException instead. */
class FakeDevices extends EventTarget {
  refusals = {};
  asked = [];
  async getUserMedia(wish) {
    const kinds = ["audio", "video"].filter((kind) => wish[kind]);
    this.asked.push(kinds.join("+"));
    for (const kind of kinds) {
      if (this.refusals[kind]) throw new DOMException("no", this.refusals[kind]);
    }
    return new FakeStream(kinds.map((kind) => new FakeTrack(kind)));
  }
  change() {
    this.dispatchEvent(new Event("devicechange"));
  }
}

globalThis.MediaStream = FakeStream;
const { OwnDevices, lackText } = await import("../../../static/js/workbench/own-devices.js");

const WISH = { audio: { echoCancellation: true }, video: { width: 640 } };
const settled = () => new Promise(setImmediate);
const kindsOf = (own) => own.stream.getTracks().map(({ kind }) => kind).sort();

test("both are asked for at once, as one question to the person", async () => {
  const devices = new FakeDevices();
  const own = new OwnDevices(WISH, devices);

  await own.open();

  assert.deepEqual(devices.asked, ["audio+video"]);
  assert.deepEqual(kindsOf(own), ["audio", "video"]);
  assert.deepEqual(own.lacks, {});
});

for (const [broken, left] of [["video", "audio"], ["audio", "video"]]) {
  test(`without ${broken} the other one is had, and the cause is known`, async () => {
    const devices = new FakeDevices();
    devices.refusals[broken] = "NotReadableError";
    const own = new OwnDevices(WISH, devices);

    await own.open();

    assert.deepEqual(kindsOf(own), [left]);
    assert.deepEqual(own.lacks, { [broken]: "NotReadableError" });
  });
}

test("what was unplugged is told, and taken back when it is there again", async () => {
  const devices = new FakeDevices();
  const own = new OwnDevices(WISH, devices);
  await own.open();
  const gained = [];
  own.addEventListener("gained", ({ detail }) => gained.push(detail.kind));
  const [, camera] = own.stream.getTracks();

  devices.refusals.video = "NotFoundError";
  camera.end();
  await settled();
  assert.deepEqual(own.lacks, { video: "gone" });
  assert.deepEqual(kindsOf(own), ["audio"]);

  delete devices.refusals.video;
  devices.change();
  await settled();

  assert.deepEqual(own.lacks, {});
  assert.deepEqual(kindsOf(own), ["audio", "video"]);
  assert.deepEqual(gained, ["video"]);
});

test("another device that is there already takes over at once", async () => {
  const devices = new FakeDevices();
  const own = new OwnDevices(WISH, devices);
  await own.open();

  own.stream.getTracks()[0].end();
  await settled();

  assert.deepEqual(own.lacks, {});
  assert.deepEqual(devices.asked, ["audio+video", "audio"]);
});

test("a change of devices while nothing is missing asks for nothing", async () => {
  const devices = new FakeDevices();
  const own = new OwnDevices(WISH, devices);
  await own.open();

  devices.change();
  await settled();

  assert.deepEqual(devices.asked, ["audio+video"]);
});

test("a change that comes while it is being asked is not lost", async () => {
  const devices = new FakeDevices();
  devices.refusals.video = "NotFoundError";
  const own = new OwnDevices(WISH, devices);
  await own.open();
  devices.asked = [];

  devices.change(); // not quite there yet …
  delete devices.refusals.video;
  const get = devices.getUserMedia;
  devices.getUserMedia = async function (wish) {
    devices.getUserMedia = get;
    this.asked.push("early");
    devices.change(); // … and now
    throw new DOMException("no", "NotFoundError");
  };
  await own.regain();
  await settled();

  assert.deepEqual(own.lacks, {});
});

test("what is had after the end of the call is let go at once", async () => {
  const devices = new FakeDevices();
  let give;
  devices.getUserMedia = () => new Promise((resolve) => (give = resolve));
  const own = new OwnDevices(WISH, devices);
  const opened = own.open();

  own.release();
  const late = new FakeStream([new FakeTrack("audio"), new FakeTrack("video")]);
  give(late);
  await opened;

  assert.deepEqual(late.getTracks().map(({ readyState }) => readyState), ["ended", "ended"]);
  assert.deepEqual(own.stream.getTracks(), []);
});

test("a page that may not ask for devices lacks both", async () => {
  const own = new OwnDevices(WISH, undefined);

  await own.open();

  assert.deepEqual(Object.keys(own.lacks), ["audio", "video"]);
});

test("the page says what is missing, what that means, and what to do", () => {
  assert.equal(lackText({}), "");
  assert.equal(
    lackText({ video: "NotReadableError" }),
    "摄像头不可用：客户看不到您，画面不会被录制。正被其他程序占用，请关闭后重试。",
  );
  assert.equal(
    lackText({ audio: "gone" }),
    "麦克风不可用：客户听不到您，声音不会被录制。设备已断开，重新接好后自动恢复。",
  );
  assert.equal(
    lackText({ audio: "NotAllowedError", video: "NotAllowedError" }),
    "麦克风和摄像头不可用：客户听不到也看不到您，不会被录制。浏览器未允许使用：请点击地址栏左侧图标，选择“允许”后重试。",
  );
  assert.equal(
    lackText({ audio: "NotFoundError", video: "NotReadableError" }),
    "麦克风和摄像头不可用：客户听不到也看不到您，不会被录制。麦克风：没有找到，请检查连接。摄像头：正被其他程序占用，请关闭后重试。",
  );
});
