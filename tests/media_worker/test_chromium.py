"""A real browser through the real worker, with the slot layout every client uses."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import av
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from media_worker import gateway
from media_worker import protocol as p
from tests.support.rtc import WebStub, WorkerProcess, until

ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
]
OFFER = """async slots => {
  const media = await navigator.mediaDevices.getUserMedia(
    {audio: true, video: {width: 640, height: 480, frameRate: 15}});
  const pc = window.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle', iceServers: []});
  for (const kind of ['audio', 'video']) {
    const track = media.getTracks().find(t => t.kind === kind);
    pc.addTransceiver(track, {direction: 'sendonly', streams: [media]});
  }
  for (let i = 0; i < slots; i++) {
    for (const kind of ['audio', 'video']) pc.addTransceiver(kind, {direction: 'recvonly'});
  }
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
ACCEPT = """async sdp => {
  await pc.setRemoteDescription({type: 'answer', sdp});
  const [audio, video] = pc.getTransceivers().slice(2, 4).map(t => t.receiver.track);
  const element = document.createElement('video');
  element.srcObject = new MediaStream([audio, video]);
  document.body.append(element);
  element.play().catch(() => {});  // settles only when media comes
}"""
STATS = """async () => {
  const found = {state: pc.connectionState};
  (await pc.getStats()).forEach(r => {
    if (r.type === 'inbound-rtp' && r.packetsReceived > 0) found[r.kind] = {
      decoded: r.framesDecoded, freezes: r.freezeCount, lost: r.packetsLost,
      packets: r.packetsReceived, energy: r.totalAudioEnergy, width: r.frameWidth};
    if (r.type === 'outbound-rtp') found['sent_' + r.kind] = {
      packets: r.packetsSent, target: r.targetBitrate, nacks: r.nackCount};
  });
  return found;
}"""


@pytest_asyncio.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=ARGUMENTS
        )
        yield browser
        await browser.close()


async def join(page: Page, control_url: str, call_id: str, who: str) -> p.LegAnswer:
    offer = await page.evaluate(OFFER, 1)
    role: Any = "seat" if who == "seat" else "customer"
    body = p.ConnectLeg(participant_id=who, leg_id=f"leg-{who}", role=role, offer_sdp=offer)
    answer = await gateway.aconnect_leg(control_url, call_id, body)
    await page.evaluate(ACCEPT, answer.answer_sdp)
    return answer


@pytest.mark.browser
async def test_two_browsers_see_and_hear_each_other_and_are_recorded(
    browser: Browser, worker: WorkerProcess, call_id: str, spool: Path, django_side: WebStub
) -> None:
    pages = {}
    for who in ("seat", "cust"):
        context = await browser.new_context(permissions=["camera", "microphone"])
        pages[who] = await context.new_page()
        await pages[who].goto(django_side.url)

    for who, page in pages.items():
        answer = await join(page, worker.control_url, call_id, who)
        assert "a=ptime:60" in answer.answer_sdp
        assert "useinbandfec=1" in answer.answer_sdp
    stats = {}
    for who, page in pages.items():
        for _ in range(100):
            stats[who] = await page.evaluate(STATS)
            seen = stats[who].get("video", {}).get("decoded") or 0
            if seen > 60 and "audio" in stats[who]:
                break
            await asyncio.sleep(0.1)
    closed = await gateway.aclose_call(worker.control_url, call_id, reason="done")

    for found in stats.values():
        assert found["video"]["decoded"] > 60, stats
        assert found["video"]["lost"] == 0, stats
        # A machine that runs other tests may stall the browser itself once.
        assert found["video"]["freezes"] <= 1, stats
        assert found["audio"]["energy"] > 0
    assert len(closed.tracks) == 4
    for track in closed.tracks:
        with av.open(str(spool / call_id / track.file)) as container:
            frames = sum(1 for _ in container.decode(container.streams[0]))
        span_s = (track.end_ms - track.start_ms) / 1000
        assert span_s > 3
        assert frames > span_s * (10 if track.kind == "video" else 14)
    await until(lambda: len(django_side.of("leg.connected")) == 2, "both are told")
