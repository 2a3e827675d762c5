"""A seat and a customer at real browsers, each with a camera and a microphone of its own."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect

from operations import demo_logins as logins
from tests.support.footage import make_fake_camera_y4m, make_fake_mic_wav

CHROMIUM = "/usr/bin/chromium"

# How long a page may take is measured in benchmarks/; a test only has to end.
expect.set_options(timeout=20_000)


@contextmanager
def browser_with_camera(
    playwright: Playwright, folder: Path, *, name: str, seed: int, tone_hz: int
) -> Iterator[Browser]:
    """A Chromium whose camera shows a counter and a flash, whose microphone beeps with it."""
    camera, microphone = folder / f"{name}.y4m", folder / f"{name}.wav"
    make_fake_camera_y4m(camera, 20, seed=seed)
    make_fake_mic_wav(microphone, 20, tone_hz)
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        args=[
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={camera}",
            f"--use-file-for-fake-audio-capture={microphone}",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-background-networking",
        ],
    )
    try:
        yield browser
    finally:
        browser.close()


def open_context(browser: Browser, base_url: str, *, phone: bool) -> BrowserContext:
    size = {"width": 390, "height": 844} if phone else {"width": 1440, "height": 900}
    context = browser.new_context(
        base_url=base_url,
        viewport=size,  # type: ignore[arg-type]
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
        permissions=["camera", "microphone", "geolocation"],
        geolocation={"latitude": 30.8703, "longitude": 120.0933},
    )
    context.set_default_timeout(20_000)
    return context


def log_in(page: Page, login: logins.DemoLogin, to: str = "/") -> None:
    page.goto(f"/login?next={to}")
    page.fill("[name=username]", login.username)
    page.fill("[name=password]", logins.PASSWORD)
    page.click("#login")
    page.wait_for_url(f"**{to}")


class SeatInBrowser:
    """What a seat does, in the words of the workbench."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def log_in(self, login: logins.DemoLogin = logins.SEAT) -> None:
        log_in(self.page, login, "/workbench/")

    def check_devices(self) -> None:
        self.page.click("#device-start")
        self.page.locator("#device-tone:enabled").click()
        self.page.locator("#device-pass:enabled").click()

    def sign_in(self) -> None:
        self.page.locator("#sign-in:enabled").click()
        self.wait_for_presence("READY")

    def get_ready(self) -> None:
        """Check the devices and sign in, unless that was done earlier today."""
        self.page.locator("#pill[class*=is-]").wait_for()
        if self.page.locator("body").get_attribute("data-presence") == "READY":
            return
        self.check_devices()
        self.sign_in()

    def wait_for_presence(self, state: str, within_ms: int = 20_000) -> None:
        expect(self.page.locator("body")).to_have_attribute(
            "data-presence", state, timeout=within_ms
        )

    def accept(self) -> None:
        self.page.locator("#offer-accept").click()
        self.wait_for_presence("IN_CALL")

    def sees(self, role: str) -> None:
        """The picture of `role` is there and moves."""
        wait_for_moving(self.page, f"video[data-role={role}]")

    def hang_up(self) -> None:
        """Hold the button; what the lamp still misses does not keep this seat."""
        box = self.page.locator("#btn-end").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.locator("#release[open], body[data-presence=WRAP_UP]").first.wait_for()
        self.page.mouse.up()
        if self.page.locator("#release[open]").count():
            self.page.get_by_role("button", name="仍要结束").click()
        self.wait_for_presence("WRAP_UP")


class CustomerInBrowser:
    """What a customer does, from the app's list to the call."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def open_task(self, phone: str, contract_no: str) -> None:
        self.page.goto(f"/demo/customer/?phone={phone}")
        self.page.locator(f"[data-task='{contract_no}'] [data-call]").click()
        self.page.wait_for_url("**/h5/call/**")

    def agree(self, *, to_place: bool = False) -> None:
        """Agree to being recorded, unless this party did so before for the same task."""
        self.page.locator("#consent-check:visible, #device-ok:visible").first.wait_for()
        if self.page.locator("#consent-check").is_visible():
            self.page.locator("#consent-check").check()
            if to_place:
                self.page.locator("#place-check").check()
            self.page.locator("#consent-agree").click()

    def check_devices(self) -> None:
        self.page.locator("#heard:not([aria-disabled])").click()
        self.page.locator("#device-ok:not([aria-disabled])").click()

    def answer_options(self, answers: Sequence[bool]) -> None:
        """To each kind of recognition that is asked for, in turn."""
        for agreed in answers:
            title = self.page.locator("#option-title")
            asked = title.inner_text()
            self.page.click("#option-yes" if agreed else "#option-no")
            expect(title.locator("visible=true").filter(has_text=asked)).to_have_count(0)

    def call_in(self) -> None:
        self.page.locator("#call-in").click()

    def sees(self, role: str) -> None:
        wait_for_moving(self.page, f"video[data-role={role}]")


def wait_for_moving(page: Page, selector: str, within_ms: int = 25_000) -> None:
    """The element presents pictures from now on; what it presented before does not count."""
    page.evaluate(
        "(selector) => delete document.querySelector(selector)?.dataset.seenFrames", selector
    )
    page.wait_for_function(
        """(selector) => {
            const video = document.querySelector(selector);
            if (!video || video.videoWidth === 0) return false;
            const frames = video.getVideoPlaybackQuality().totalVideoFrames;
            const before = Number(video.dataset.seenFrames ?? -1);
            if (before < 0 || frames < before) { video.dataset.seenFrames = String(frames); return false; }
            return frames > before + 5;
        }""",
        arg=selector,
        timeout=within_ms,
    )
