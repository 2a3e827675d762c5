import assert from "node:assert/strict";
import test from "node:test";

/** A peer connection without a network: what matters here is how many are made, and closed. */
class FakePeer extends EventTarget {
  /** @type {FakePeer[]} */
  static made = [];
  connectionState = "new";
  localDescription = null;
  constructor() {
    super();
    FakePeer.made.push(this);
  }
  /** @type {{ sender: { track: any, replaceTrack: (track: any) => Promise<void> } }[]} */
  lines = [];
  addTransceiver(given) {
    const sender = { track: typeof given === "string" ? null : given, getParameters: () => ({}), replaceTrack: async (track) => void (sender.track = track) };
    this.lines.push({ sender });
  }
  getTransceivers() {
    return this.lines;
  }
  async createOffer() {
    return { type: "offer", sdp: "v=0" };
  }
  async setLocalDescription(description) {
    this.localDescription = description;
  }
  async setRemoteDescription() {}
  async getStats() {
    return new Map();
  }
  close() {
    this.connectionState = "closed";
  }
}

class FakeTrack extends EventTarget {
  enabled = true;
  constructor(kind) {
    super();
    this.kind = kind;
  }
  stop() {}
}

class FakeStream {
  tracks = [];
  getTracks() {
    return [...this.tracks];
  }
  getAudioTracks() {
    return this.tracks.filter(({ kind }) => kind === "audio");
  }
  addTrack(track) {
    this.tracks.push(track);
  }
  removeTrack(track) {
    this.tracks = this.tracks.filter((each) => each !== track);
  }
}

/** A camera and a microphone, as far as asked for. */
function had({ audio, video }) {
  const stream = new FakeStream();
  stream.tracks = [...(audio ? [new FakeTrack("audio")] : []), ...(video ? [new FakeTrack("video")] : [])];
  return stream;
}

Object.assign(globalThis, { RTCPeerConnection: FakePeer, MediaStream: FakeStream, document: { getElementById: () => null } });
Object.defineProperty(globalThis, "navigator", {
  value: { mediaDevices: Object.assign(new EventTarget(), { getUserMedia: async (wish) => had(wish) }) },
  configurable: true,
});
const { CallMedia } = await import("../../../static/js/workbench/call-media.js");

const answer = (media_epoch) => ({ leg_id: `leg-${media_epoch}`, media_epoch, answer_sdp: "v=0", slots: [] });

test("a connection that has followed the call already is not made again", async () => {
  FakePeer.made = [];
  let epoch = 1;
  const media = new CallMedia({ ask: async () => answer(epoch) }, { iceServers: [] });
  await media.start(1);
  epoch = 2;

  await media.move(2);
  await media.move(2);

  assert.equal(FakePeer.made.length, 2);
  assert.equal(media.connection.epoch, 2);
  assert.deepEqual(FakePeer.made.map((peer) => peer.connectionState), ["closed", "new"]);
  media.stop();
});

test("who is told to move while an old answer is on its way connects once more, when it has come", async () => {
  FakePeer.made = [];
  let answerFirst;
  const asked = [new Promise((resolve) => (answerFirst = resolve)), Promise.resolve(answer(2))];
  const media = new CallMedia({ ask: () => asked.shift() }, { iceServers: [] });
  const started = media.start(1);
  await new Promise(setImmediate);

  await media.move(2);
  assert.equal(FakePeer.made.length, 1, "nothing yet: the answer may be of the new worker");
  answerFirst(answer(1));
  await started;

  assert.equal(media.connection.epoch, 2);
  assert.equal(FakePeer.made.length, 2);
  media.stop();
});

test("the late failure of a replaced connection does not end the one that replaced it", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  FakePeer.made = [];
  let refuseFirst;
  const asked = [new Promise((_resolve, reject) => (refuseFirst = reject)), Promise.resolve(answer(2))];
  const media = new CallMedia({ ask: () => asked.shift() }, { iceServers: [] });
  const started = media.start(1);
  await new Promise(setImmediate);
  await media.connect();

  refuseFirst(new Error("the worker is gone"));
  await started;
  t.mock.timers.tick(60_000);

  assert.equal(FakePeer.made.length, 2);
  assert.equal(FakePeer.made[1].connectionState, "new");
  media.stop();
});

test("the seat's camera keeps to the limits and the preference of the call, as a customer's does", async (t) => {
  /** @type {any[]} */
  const asked = [];
  t.mock.method(navigator.mediaDevices, "getUserMedia", async (/** @type {any} */ wish) => {
    asked.push(wish.video);
    return had(wish);
  });
  const media = new CallMedia({ ask: async () => answer(1) }, { iceServers: [] });

  await media.start(1, { video: { min_kbps: 100, max_kbps: 500, lines: 720, frame_rate: 12, preference: "smooth" } });

  assert.deepEqual(asked, [{ width: 1280, height: 720, frameRate: 12 }]);
  assert.deepEqual(media.connection.quality, { maxKbps: 500, lines: 720, frameRate: 12, preference: "smooth" });
  media.stop();
});

test("a seat without a camera connects with the microphone; the camera comes into the same connection", async (t) => {
  FakePeer.made = [];
  let isBusy = true;
  t.mock.method(navigator.mediaDevices, "getUserMedia", async (/** @type {any} */ wish) => {
    if (isBusy && wish.video) throw new DOMException("busy", "NotReadableError");
    return had(wish);
  });
  const media = new CallMedia({ ask: async () => answer(1) }, { iceServers: [] });

  await media.start(1);
  const [audio, video] = FakePeer.made[0].lines;
  assert.deepEqual([audio.sender.track?.kind, video.sender.track], ["audio", null]);
  assert.deepEqual(media.devices.lacks, { video: "NotReadableError" });

  isBusy = false;
  await media.devices.regain();
  await new Promise(setImmediate);

  assert.equal(video.sender.track.kind, "video");
  assert.deepEqual(media.devices.lacks, {});
  assert.equal(FakePeer.made.length, 1, "nothing was negotiated again");
  media.stop();
});

test("a microphone that comes back is as silent as the one that went", async () => {
  FakePeer.made = [];
  const media = new CallMedia({ ask: async () => answer(1) }, { iceServers: [] });
  await media.start(1);
  media.mute(true);

  media.local.getAudioTracks()[0].dispatchEvent(new Event("ended"));
  await new Promise(setImmediate);

  const { track } = FakePeer.made[0].lines[0].sender;
  assert.equal(track, media.local.getAudioTracks()[0]);
  assert.equal(track.enabled, false);
  media.stop();
});

test("devices that are had after the call has ended are let go, and nothing is connected", async (t) => {
  FakePeer.made = [];
  let give;
  t.mock.method(navigator.mediaDevices, "getUserMedia", () => new Promise((resolve) => (give = resolve)));
  const media = new CallMedia({ ask: async () => answer(1) }, { iceServers: [] });
  const started = media.start(1);

  media.stop();
  give(had({ audio: true, video: true }));
  await started;

  assert.equal(FakePeer.made.length, 0);
  assert.equal(media.local, null);
});
