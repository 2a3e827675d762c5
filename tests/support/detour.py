"""A browser page whose media goes through a `network.Path`, whatever the page's own code negotiates."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

from tests.support.network import Path

# The page's offers lose their addresses, the answers it gets name the path's.
DETOUR = """(() => {
  const own = Object.getOwnPropertyDescriptor(RTCPeerConnection.prototype, "localDescription").get;
  Object.defineProperty(RTCPeerConnection.prototype, "localDescription", {
    get() {
      const told = own.call(this);
      if (!told) return told;
      const sdp = told.sdp.replace(/^a=candidate.*\\r\\n/gm, "");
      return new RTCSessionDescription({ type: told.type, sdp });
    },
  });
  const accept = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = async function ({ type, sdp }) {
    return accept.call(this, { type, sdp: await window.throughPath(sdp) });
  };
})();"""


@contextmanager
def detoured(page: Page, seed: int = 1) -> Iterator[Path]:
    """Before the page is opened. The path's loop runs in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    path = Path(seed=seed)
    asyncio.run_coroutine_threadsafe(path.lay(), loop).result(5)
    page.expose_function("throughPath", path.answer)
    page.add_init_script(DETOUR)
    try:
        yield path
    finally:
        loop.call_soon_threadsafe(path.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
        loop.close()
