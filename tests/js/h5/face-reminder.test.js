import assert from "node:assert/strict";
import test from "node:test";

import { Absence, mountFaceReminder } from "../../../static/js/h5/face-reminder.js";

test("who turns away for a moment is not reminded; who stays away is, once, and his return is news", () => {
  const absence = new Absence();
  const seen = [[true, 0], [false, 2000], [true, 4000], [false, 6000], [false, 9000], [false, 12_500], [false, 14_000], [true, 15_000]];
  assert.deepEqual(seen.map(([isSeen, now]) => absence.note(isSeen, now)), [null, null, null, null, null, "missing", null, "back"]);
});

test("a browser that finds no faces runs nothing", () => {
  const deps = { video: {}, isOn: () => true, tell: () => undefined, report: () => undefined };
  assert.equal(mountFaceReminder({ ...deps, Detector: undefined }), false);
});
