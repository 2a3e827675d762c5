"""The device's own recorder in a real browser: whole files without a hole, and a reload between."""

import base64
import itertools
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import av
import pytest
from playwright.sync_api import sync_playwright

from operations.environment import PROJECT
from recordings.rescue import MAX_BYTES, suffix_of

pytestmark = pytest.mark.browser
RECORD = """async ({ ms }) => {
  const { startRescue } = await import("/sdk/rescue.js");
  const rescue = await startRescue({
    rest: async () => null, wait: async () => {}, broken: (error) => { throw error; }, kbps: 300, segmentMs: 2000,
  });
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 320, height: 240 } });
  const began = performance.now();
  rescue.record(stream, "call-1", () => 10_000 + performance.now() - began);
  await new Promise((resolve) => setTimeout(resolve, ms));
  rescue.record(null, "call-1", () => 0);
  await new Promise((resolve) => setTimeout(resolve, 500));
  return rescue.calls();
}"""
SEND = """async () => {
  const { openStore, startRescue } = await import("/sdk/rescue.js");
  const sent = [];
  const base64 = async (blob) => {
    const bytes = new Uint8Array(await blob.arrayBuffer());
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const rescue = await startRescue({
    rest: async (method, path, body) => {
      if (method === "GET") return { wanted: [{ start_ms: 0, end_ms: 60_000 }], closes_at: "2026-11-29T10:00:00Z" };
      const said = new URL(path, "http://x").searchParams;
      sent.push({ start_ms: Number(said.get("start_ms")), end_ms: Number(said.get("end_ms")),
                  sha256: said.get("sha256"), bytes: await base64(body.bytes) });
      return null;
    },
    wait: async () => {}, broken: (error) => { throw error; }, kbps: 300,
  });
  for (const id of await rescue.calls()) await rescue.send(id);
  return { sent, left: (await (await openStore()).list()).length };
}"""


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """The test's output is the test's."""


@pytest.fixture
def static_url() -> Iterator[str]:
    handler = partial(Quiet, directory=str(PROJECT / "static"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_was_recorded_survives_a_reload_is_whole_and_has_no_hole(static_url: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                "--no-sandbox",
                "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )
        page = browser.new_page()
        page.set_default_timeout(60_000)
        page.goto(f"{static_url}/css/tokens.css")
        calls = page.evaluate(RECORD, {"ms": 7000})
        page.reload()
        after: dict[str, Any] = page.evaluate(SEND)
        browser.close()

    segments = after["sent"]
    assert calls == ["call-1"]
    assert after["left"] == 0
    assert len(segments) >= 3
    for before, following in itertools.pairwise(segments):
        assert following["start_ms"] <= before["end_ms"]  # begun before the other one ended
    assert segments[0]["start_ms"] >= 10_000
    assert segments[-1]["end_ms"] - segments[0]["start_ms"] >= 6000
    for segment in segments:
        content = base64.b64decode(segment["bytes"])
        assert suffix_of(content) == "webm"
        assert len(content) <= MAX_BYTES
        with av.open(BytesIO(content), mode="r") as recorded:
            assert {stream.type for stream in recorded.streams} == {"audio", "video"}
            assert next(recorded.decode(video=0)).width == 320
