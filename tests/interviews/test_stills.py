"""A picture from the customer's own camera: resumable, checked, kept like a snapshot."""

import hashlib
import io
from collections.abc import Iterator

import pytest
from PIL import Image

from common.actor import SYSTEM, Actor, ActorKind
from interviews import services
from interviews.errors import CallOver, NotConnected, StillClosed, StillUnfit
from interviews.models import Call, Participant, Snapshot, StillPart, StillRequest
from interviews.selectors import call_view, still_for
from interviews.services.stills import picture_size, without_metadata
from interviews.states import CallState, SnapshotKind
from tests.support.factories import make_call
from tests.support.fake_worker import FakeWorker, fake_worker


def jpeg(width: int = 400, height: int = 300, **saved: object) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "JPEG", **saved)
    return out.getvalue()


@pytest.fixture
def call(db: None) -> Call:
    made = make_call()
    made.state = CallState.LIVE
    made.save()
    return made


@pytest.fixture
def worker(call: Call) -> Iterator[FakeWorker]:
    with fake_worker(call) as fake:
        yield fake


@pytest.fixture
def customer(call: Call) -> Participant:
    place = call.participants.get(role="customer")
    place.state = "PRESENT"
    place.save()
    return place


def ask(place: Participant) -> StillRequest:
    return services.ask_still(place.call_id, place.pk, kind=SnapshotKind.ID_CARD, actor=SYSTEM)


def send(request: StillRequest, content: bytes, *, offset: int, total: int) -> StillRequest:
    actor = Actor(ActorKind.PARTY, "p")
    return services.receive_part(
        request.pk, offset=offset, total=total, content=content, actor=actor
    )


def test_a_picture_arrives_in_parts_and_becomes_a_snapshot(
    worker: FakeWorker, customer: Participant
):
    picture = jpeg()
    request = ask(customer)
    cut = len(picture) // 2

    half = send(request, picture[:cut], offset=0, total=len(picture))
    again = send(request, picture[:cut], offset=0, total=len(picture))
    whole = send(request, picture[cut:], offset=cut, total=len(picture))

    assert (half.state, half.received_bytes, again.received_bytes) == ("ASKED", cut, cut)
    assert whole.state == "DONE"
    shot = Snapshot.objects.get()
    assert (shot.width, shot.height, shot.kind) == (400, 300, "id_card")
    assert shot.sha256 == hashlib.sha256(picture).hexdigest()
    assert shot.pk == request.pk
    assert not StillPart.objects.exists()
    assert still_for(customer) is None


def test_sending_the_last_part_twice_keeps_one_picture(worker: FakeWorker, customer: Participant):
    picture = jpeg()
    request = ask(customer)
    send(request, picture, offset=0, total=len(picture))

    assert send(request, picture, offset=0, total=len(picture)).state == "DONE"
    assert Snapshot.objects.count() == 1


@pytest.mark.parametrize(
    ("offset", "total", "content", "reason"),
    [
        (10, 100, b"x" * 10, "out_of_order"),
        (0, 5, b"x" * 10, "out_of_order"),
        (0, 13 << 20, b"x", "too_large"),
        (0, 1 << 20, b"x" * (512 * 1024 + 1), "too_large"),
    ],
)
def test_parts_that_do_not_fit_change_nothing(
    worker: FakeWorker,
    customer: Participant,
    offset: int,
    total: int,
    content: bytes,
    reason: str,
):
    request = ask(customer)

    with pytest.raises(StillUnfit) as refusal:
        send(request, content, offset=offset, total=total)

    assert refusal.value.facts["reason"] == reason
    request.refresh_from_db()
    assert (request.state, request.received_bytes) == ("ASKED", 0)


@pytest.mark.parametrize(
    "content",
    [b"<html>", b"\x89PNG\r\n\x1a\n" + b"0" * 50, jpeg()[:2000], b"\xff\xd8\xff\xe0" + b"\0" * 99],
)
def test_what_is_no_whole_jpeg_ends_the_request(
    worker: FakeWorker, customer: Participant, content: bytes
):
    request = ask(customer)

    with pytest.raises(StillUnfit):
        send(request, content, offset=0, total=len(content))

    request.refresh_from_db()
    assert (request.state, request.failure) == ("FAILED", "not_a_jpeg")
    assert not Snapshot.objects.exists()
    with pytest.raises(StillClosed):
        send(request, content, offset=0, total=len(content))
    assert call_view(customer.call_id, for_seat=True)["stills"][0]["state"] == "FAILED"


def test_a_pixel_flood_is_no_picture():
    flood = io.BytesIO()
    Image.new("L", (12_001, 8)).save(flood, "JPEG")

    assert picture_size(flood.getvalue()) is None
    assert picture_size(jpeg(64, 48)) == (64, 48)


def test_position_and_comments_are_taken_out_without_touching_the_picture():
    exif = Image.Exif()
    exif[0x010E] = "SECRET-PLACE"
    tagged = jpeg(exif=exif.tobytes(), comment=b"SECRET-COMMENT")

    clean = without_metadata(tagged)

    assert b"SECRET" in tagged
    assert b"SECRET" not in clean
    before, after = (Image.open(io.BytesIO(data)).convert("RGB") for data in (tagged, clean))
    assert before.tobytes() == after.tobytes()


def test_asking_twice_is_one_request_and_needs_a_picture_to_take(call: Call, customer: Participant):
    assert ask(customer).pk == ask(customer).pk
    customer.state = "LOST"
    customer.save()

    with pytest.raises(NotConnected):
        ask(customer)


def test_a_request_ends_with_the_call(call: Call, worker: FakeWorker, customer: Participant):
    request = ask(customer)
    Call.objects.filter(pk=call.pk).update(state=CallState.ENDED)

    with pytest.raises(CallOver):
        send(request, b"x", offset=0, total=10)


def test_a_device_that_cannot_says_so(call: Call, customer: Participant):
    request = ask(customer)

    failed = services.fail_still(request.pk, reason="no_camera", actor=SYSTEM)

    assert (failed.state, failed.failure) == ("FAILED", "no_camera")
    assert ask(customer).pk != request.pk
