"""Pictures to the recogniser over real HTTP, its answers as hints that decide nothing (SDK-10)."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from PIL import Image

from common.actor import SYSTEM
from credit_bridge.breaker import CircuitBreaker
from credit_bridge.services import recognising
from credit_bridge.simulator import Fault, Simulator
from interviews import services as interviews
from interviews.models import Call, Snapshot
from interviews.states import CallState, ParticipantState, SnapshotKind
from outbox.models import MessageState, OutboxMessage
from outbox.services import deliver_one
from parameters.models import Parameter, Scope
from tests.support.bank import http_recogniser, simulated
from tests.support.factories import PARTY_ACTOR, make_call, make_case, make_task
from tests.support.fake_worker import fake_worker

pytestmark = pytest.mark.django_db(transaction=True)
KINDS = ("liveness", "id_ocr", "expression")


@pytest.fixture
def recogniser(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Simulator]:
    """The vendor, listening, every kind switched on."""
    for kind in KINDS:
        Parameter.objects.create(key=f"recognise_{kind}", scope=Scope.GLOBAL, value=1)
    with (
        simulated() as (simulator, url),
        http_recogniser(url, breaker=CircuitBreaker(failures=1000)) as client,
    ):
        settings.RECOGNITION_URL = url
        monkeypatch.setattr(recognising, "recogniser", lambda: client)
        yield simulator


@pytest.fixture
def call() -> Iterator[Call]:
    """A live call whose customer the bank knows and who agreed to everything."""
    made = make_call(make_task(contract_no="R-1"))
    made.state = CallState.LIVE
    made.save()
    place = made.participants.get(role="customer")
    place.state = ParticipantState.PRESENT
    place.save()
    assert place.party is not None
    known = make_case("R-1").parties.get()
    known.phone = place.party.phone
    known.save()
    for kind in KINDS:
        interviews.record_consent(place.party.pk, text_version=f"{kind}-2", actor=PARTY_ACTOR)
    with fake_worker(made):
        yield made


def picture(width: int = 320, height: int = 240) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((width, height), 60).convert("RGB").save(out, "JPEG", quality=95)
    return out.getvalue()


def taken(call: Call, settings: Any, kind: SnapshotKind, content: bytes | None = None) -> Snapshot:
    """The customer's camera answers the seat's request, as it happens in a call."""
    place = call.participants.get(role="customer")
    content = content or picture()
    asked = interviews.ask_still(call.pk, place.pk, kind=kind, actor=SYSTEM)
    file = Path(settings.SPOOL_DIR) / str(call.pk) / "snapshots" / f"{asked.pk}.jpg"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    part = 400_000
    for offset in range(0, len(content), part):
        interviews.receive_part(
            asked.pk,
            offset=offset,
            total=len(content),
            content=content[offset : offset + part],
            actor=PARTY_ACTOR,
        )
    return Snapshot.objects.get(pk=asked.pk)


def deliver_all() -> None:
    """What is due; afterwards nothing of the pictures may wait for another try."""
    while deliver_one():
        pass
    about = OutboxMessage.objects.filter(topic="snapshot.taken")
    assert {message.state for message in about} <= {MessageState.DONE}


def hints(call: Call) -> list[tuple[str, int | None]]:
    found = call.events.filter(kind="observation").order_by("payload__code")
    return [(event.payload["code"], event.payload.get("confidence")) for event in found]


def test_what_was_agreed_to_becomes_a_hint_that_names_the_picture_and_nothing_else(
    recogniser: Simulator, call: Call, settings: Any
):
    shot = taken(call, settings, SnapshotKind.ID_CARD)
    deliver_all()

    assert hints(call) == [("id_read", 98), ("live", 97), ("match", 93)]
    event = call.events.get(payload__code="match")
    assert event.payload == {
        "kind": "liveness",
        "code": "match",
        "confidence": 93,
        "text": "人脸比对一致",
        "doubtful": False,
        "snapshot_id": str(shot.pk),
    }
    assert (event.at_ms, event.participant_id) == (shot.at_ms, shot.participant_id)


def test_a_doubt_is_a_hint_and_decides_nothing(recogniser: Simulator, call: Call, settings: Any):
    recogniser.set(Fault.DOUBT)
    taken(call, settings, SnapshotKind.RISK)
    deliver_all()

    assert hints(call) == [("mismatch", 91), ("not_live", 88), ("tense", 64)]
    assert all(event.payload["doubtful"] for event in call.events.filter(kind="observation"))
    call.refresh_from_db()
    call.task.refresh_from_db()
    assert (call.state, call.verdict, call.task.state) == (CallState.LIVE, "", "PENDING")


@pytest.mark.parametrize("why", ["off", "declined", "property", "over"])
def test_what_is_off_or_not_agreed_to_is_never_asked(
    recogniser: Simulator, call: Call, settings: Any, why: str
):
    if why == "off":
        Parameter.objects.all().delete()
    if why == "declined":
        call.task.parties.get().consents.filter(text_version__endswith="-2").delete()
    recogniser.set(Fault.DOUBT)
    taken(call, settings, SnapshotKind.PROPERTY if why == "property" else SnapshotKind.OTHER)
    if why == "over":
        Call.objects.update(state=CallState.ENDED)
    deliver_all()

    assert hints(call) == []
    assert recogniser.switches[0].count == 1  # nobody came by


@pytest.mark.parametrize(
    "fault", [Fault.DELAY, Fault.ERROR, Fault.DOWN, Fault.UNSIGNED, Fault.REFUSE]
)
def test_a_recogniser_that_fails_is_one_hint_and_the_call_goes_on(
    recogniser: Simulator, call: Call, settings: Any, fault: Fault
):
    recogniser.set(fault, seconds=1.0)
    shot = taken(call, settings, SnapshotKind.ID_CARD)
    deliver_all()

    event = call.events.get(kind="observation")
    assert event.payload == {
        "code": "away",
        "text": "辅助识别暂不可用，请人工核验",
        "doubtful": True,
        "snapshot_id": str(shot.pk),
    }


def test_one_picture_said_twice_is_one_set_of_hints(
    recogniser: Simulator, call: Call, settings: Any
):
    shot = taken(call, settings, SnapshotKind.OTHER)
    deliver_all()
    recognising.recognise_snapshot(shot.pk)

    assert hints(call) == [("attentive", 81), ("live", 97), ("match", 93)]


def test_a_picture_of_a_good_camera_is_made_small_before_it_travels(
    recogniser: Simulator, call: Call, settings: Any
):
    large = picture(3000, 2000)
    assert len(large) > 2_000_000  # more than the other side takes
    taken(call, settings, SnapshotKind.OTHER, large)
    deliver_all()

    assert hints(call) == [("attentive", 81), ("live", 97), ("match", 93)]


def test_nobody_the_bank_does_not_know_is_compared(
    recogniser: Simulator, call: Call, settings: Any
):
    task = call.task
    task.contract_no = f"R-{uuid4()}"
    task.save()
    taken(call, settings, SnapshotKind.OTHER)
    deliver_all()

    assert hints(call) == [("away", None)]
