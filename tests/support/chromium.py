"""A real browser as a peer of the worker, with the slot layout every client uses."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from media_worker import gateway
from media_worker import protocol as p
from tests.support.network import Path

ARGUMENTS = [
    "--no-sandbox",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
]
OFFER = """async ({slots, bare}) => {
  const media = bare ? new MediaStream() : await navigator.mediaDevices.getUserMedia(
    {audio: true, video: {width: 640, height: 480, frameRate: 15}});
  const pc = window.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle', iceServers: []});
  for (const kind of ['audio', 'video']) {
    const track = media.getTracks().find(t => t.kind === kind);
    pc.addTransceiver(track ?? kind, {direction: 'sendonly', streams: [media]});
  }
  for (let i = 0; i < slots; i++) {
    for (const kind of ['audio', 'video']) pc.addTransceiver(kind, {direction: 'recvonly'});
  }
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
}"""
# Every picture that is shown leaves its time (Unix ms) in `shown`.
ACCEPT = """async sdp => {
  await pc.setRemoteDescription({type: 'answer', sdp});
  const [audio, video] = pc.getTransceivers().slice(2, 4).map(t => t.receiver.track);
  const element = document.createElement('video');
  element.srcObject = new MediaStream([audio, video]);
  document.body.append(element);
  window.shown = [];
  const note = () => {
    shown.push(performance.timeOrigin + performance.now());
    element.requestVideoFrameCallback(note);
  };
  element.requestVideoFrameCallback(note);
  element.play().catch(() => {});  // settles only when media comes
}"""
# The same with the SDK's own connection, which adapts to what it sees.
SDK = """async () => {
  const local = await navigator.mediaDevices.getUserMedia(
    {audio: true, video: {width: 640, height: 480, frameRate: 15}});
  const {MediaConnection} = await import("/sdk/media-connection.js");
  const media = window.media = new MediaConnection({
    iceServers: [], remoteSlots: 1, local, quality: {maxKbps: 600, frameRate: 15},
    offer: sdp => answerOffer(sdp),
  });
  window.pc = media.pc;
  window.shown = [];
  const element = document.createElement('video');
  document.body.append(element);
  const note = () => {
    shown.push(performance.timeOrigin + performance.now());
    element.requestVideoFrameCallback(note);
  };
  element.requestVideoFrameCallback(note);
  const attach = () => {
    const [stream] = media.tiles().values();
    if (stream && element.srcObject !== stream) {
      element.srcObject = stream;
      element.play().catch(() => {});
    }
  };
  media.addEventListener('tiles', attach);
  await media.connect();
  media.assign([{slot: 0, participant_id: 'other'}]);
}"""
STATS = """async () => {
  const found = {state: pc.connectionState};
  (await pc.getStats()).forEach(r => {
    if (r.type === 'inbound-rtp' && r.packetsReceived > 0) found[r.kind] = {
      decoded: r.framesDecoded, freezes: r.freezeCount, frozen_s: r.totalFreezesDuration,
      lost: r.packetsLost, packets: r.packetsReceived, energy: r.totalAudioEnergy,
      width: r.frameWidth, concealed: r.concealedSamples, samples: r.totalSamplesReceived};
    if (r.type === 'outbound-rtp') found['sent_' + r.kind] = {
      packets: r.packetsSent, target: r.targetBitrate, nacks: r.nackCount};
  });
  return found;
}"""


@contextlib.asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=ARGUMENTS
        )
        yield browser
        await browser.close()


async def open_page(browser: Browser, url: str) -> Page:
    """A page of its own on a real origin, with camera and microphone."""
    context = await browser.new_context(permissions=["camera", "microphone"])
    page = await context.new_page()
    await page.goto(url)
    return page


async def join(
    page: Page,
    control_url: str,
    call_id: str,
    who: str,
    *,
    path: Path | None = None,
    leg: str = "",
    bare: bool = False,
) -> p.LegAnswer:
    """Connect, through `path` if there is one; a `bare` one has neither camera nor microphone."""
    offer = await page.evaluate(OFFER, {"slots": 1, "bare": bare})
    role: Any = "seat" if who == "seat" else "customer"
    body = p.ConnectLeg(
        participant_id=who,
        leg_id=leg or f"leg-{who}",
        role=role,
        offer_sdp=offer if path is None else path.offer(offer),
    )
    answer = await gateway.aconnect_leg(control_url, call_id, body)
    sdp = answer.answer_sdp
    await page.evaluate(ACCEPT, sdp if path is None else path.answer(sdp))
    return answer


async def join_by_sdk(
    page: Page, control_url: str, call_id: str, who: str, *, path: Path | None = None
) -> None:
    """Connect with the SDK's MediaConnection, through `path` if there is one."""
    role: Any = "seat" if who == "seat" else "customer"

    async def answer_offer(offer: str) -> dict[str, Any]:
        body = p.ConnectLeg(
            participant_id=who,
            leg_id=f"leg-{who}",
            role=role,
            offer_sdp=offer if path is None else path.offer(offer),
        )
        answer = await gateway.aconnect_leg(control_url, call_id, body)
        sdp = answer.answer_sdp
        return {
            "leg_id": body.leg_id,
            "media_epoch": 1,
            "answer_sdp": sdp if path is None else path.answer(sdp),
            "slots": [slot.model_dump() for slot in answer.slots],
        }

    await page.expose_function("answerOffer", answer_offer)
    await page.evaluate(SDK)


async def shown_after(page: Page, unix_ms: float, within_s: float = 10.0) -> float:
    """Unix milliseconds of the first picture shown after that moment."""
    for _ in range(int(within_s / 0.05)):
        at: float | None = await page.evaluate(
            "since => window.shown?.find(at => at > since) ?? null", unix_ms
        )
        if at is not None:
            return at
        await asyncio.sleep(0.05)
    raise AssertionError(f"no picture within {within_s} s")
