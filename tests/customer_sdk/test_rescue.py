"""What the customer's device recorded itself fills the gaps of its connection, and nothing else."""

import datetime as dt
import hashlib
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from customer_sdk import policy
from interviews import services as interviews
from interviews.models import Call, TimelineEvent
from interviews.states import CallState
from parameters.models import Scope
from parameters.services import set_value
from recordings.models import RescueSegment
from recordings.rescue import MAX_BYTES, SLIVER_MS, lacking, padded, shown
from tests.support.customers import Admitted, admit
from tests.support.factories import SEAT_ACTOR, make_call, make_seat
from tests.support.fake_worker import fake_worker

WEBM = b"\x1a\x45\xdf\xa3" + b"a stretch of the device" * 20
SPAN = {"start_ms": 20_000, "end_ms": 25_000}


@pytest.fixture
def switched_on(db: None) -> None:
    set_value("local_rescue", 1, scope=Scope.GLOBAL, by="test")


@pytest.fixture
def customer(switched_on: None, party: Any) -> Admitted:
    admitted = admit(party)
    answer = admitted.api.post(
        "/api/sdk/v1/consent",
        {"text_version": policy.consent_version(rescue=True)},
        format="json",
    )
    assert answer.status_code == 200
    return admitted


@pytest.fixture
def call(customer: Admitted, settings: Any) -> Call:
    """A minute old, and the customer was away from 0:20 to 0:30."""
    party_id = customer.token.party_id
    call = interviews.open_call(
        customer.token.task_id, seat=make_seat(), party_id=party_id, actor=SEAT_ACTOR
    )
    call.state, call.clock_started_at = CallState.LIVE, timezone.now() - dt.timedelta(minutes=1)
    call.save()
    TimelineEvent.objects.create(
        call=call,
        kind="gap",
        at_ms=20_000,
        until_ms=30_000,
        participant=call.participants.get(role="customer"),
    )
    (Path(settings.SPOOL_DIR) / str(call.pk)).mkdir(parents=True)
    return call


def put(
    customer: Admitted,
    call_id: uuid.UUID,
    content: bytes = WEBM,
    *,
    segment_id: uuid.UUID | None = None,
    sha256: str | None = None,
    **span: int,
) -> Any:
    said = {"sha256": sha256 or hashlib.sha256(content).hexdigest(), **(SPAN | span)}
    query = "&".join(f"{key}={value}" for key, value in said.items())
    path = f"/api/sdk/v1/rescue/{call_id}/{segment_id or uuid.uuid4()}?{query}"
    return customer.api.put(path, content, content_type="application/octet-stream")


def wanted(customer: Admitted, call: Call) -> list[tuple[int, int]]:
    answer = customer.api.get(f"/api/sdk/v1/rescue/{call.pk}")
    assert answer.status_code == 200, answer.content
    return [(span["start_ms"], span["end_ms"]) for span in answer.json()["wanted"]]


def end(call: Call, *, ago: dt.timedelta = dt.timedelta()) -> None:
    call.state, call.ended_at = CallState.ENDED, timezone.now() - ago
    call.clock_started_at = call.ended_at - dt.timedelta(minutes=1)
    call.save()


def test_a_stretch_is_kept_with_its_note_journalled_and_asked_for_no_more(
    customer: Admitted, call: Call, settings: Any
):
    assert wanted(customer, call) == [(16_500, 30_500)]

    with fake_worker(call) as worker:
        answer = put(customer, call.pk)

    assert answer.status_code == 200, answer.content
    segment = RescueSegment.objects.get()
    folder = Path(settings.SPOOL_DIR) / str(call.pk)
    note = json.loads((folder / f"{segment.file}.json").read_bytes())
    assert (folder / segment.file).read_bytes() == WEBM
    assert (note["source"], note["sha256"]) == ("customer_device", segment.sha256)
    ((said,),) = [worker.told("journal")]
    assert (said["kind"], said["at_ms"]) == ("rescue", 20_000)
    assert said["payload"]["source"] == "customer_device"
    assert wanted(customer, call) == [(16_500, 20_000), (25_000, 30_500)]
    assert [f.name for f in (folder / "rescue").glob("*.tmp")] == []


def test_sent_again_it_is_kept_once(customer: Admitted, call: Call):
    segment_id = uuid.uuid4()

    answers = [put(customer, call.pk, segment_id=segment_id) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert RescueSegment.objects.count() == 1
    assert call.events.filter(kind="rescue").count() == 1


def test_other_bytes_under_the_same_id_are_refused(customer: Admitted, call: Call):
    segment_id = uuid.uuid4()
    put(customer, call.pk, segment_id=segment_id)

    answer = put(customer, call.pk, WEBM + b"x", segment_id=segment_id)

    assert (answer.status_code, answer.json()["code"]) == (400, "rescue_unfit")


@pytest.mark.parametrize(
    ("reason", "content", "said"),
    [
        ("wrong_hash", WEBM, {"sha256": "0" * 64}),
        ("too_large", WEBM + bytes(MAX_BYTES), {}),
        ("not_a_recording", b"<html>", {}),
        ("bad_span", WEBM, {"end_ms": 19_000}),
        ("bad_span", WEBM, {"start_ms": 300_000, "end_ms": 305_000}),
        ("bad_span", WEBM, {"start_ms": 0, "end_ms": 61_000}),
    ],
)
def test_what_is_unfit_is_refused_and_leaves_nothing(
    customer: Admitted,
    call: Call,
    settings: Any,
    reason: str,
    content: bytes,
    said: dict[str, Any],
):
    answer = put(customer, call.pk, content, **said)

    assert (answer.status_code, answer.json()["code"]) == (400, "rescue_unfit")
    assert answer.json()["facts"]["reason"] == reason
    assert not RescueSegment.objects.exists()
    assert not (Path(settings.SPOOL_DIR) / str(call.pk) / "rescue").exists()


def test_what_the_server_has_itself_is_not_taken(customer: Admitted, call: Call):
    answer = put(customer, call.pk, start_ms=40_000, end_ms=45_000)

    assert (answer.status_code, answer.json()["code"]) == (409, "rescue_unwanted")


def test_another_persons_call_does_not_exist(customer: Admitted, call: Call):
    foreign = make_call()

    answers = [
        customer.api.get(f"/api/sdk/v1/rescue/{foreign.pk}"),
        put(customer, foreign.pk),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


def test_after_the_call_it_is_taken_for_two_hours(customer: Admitted, call: Call):
    end(call, ago=dt.timedelta(minutes=119))
    in_time = put(customer, call.pk)
    end(call, ago=dt.timedelta(minutes=121))
    late = put(customer, call.pk)

    assert in_time.status_code == 200
    assert (late.status_code, late.json()["code"]) == (409, "rescue_closed")


def test_a_connection_that_never_came_back_is_wanted_up_to_the_end(customer: Admitted, call: Call):
    TimelineEvent.objects.filter(call=call).update(until_ms=None)
    assert wanted(customer, call) == []  # it still lasts

    end(call)

    assert wanted(customer, call) == [(16_500, 60_500)]


def test_switched_off_nothing_is_taken_and_the_notice_does_not_speak_of_it(party: Any):
    admitted = admit(party)
    admitted.agree()
    call = interviews.open_call(
        party.task_id, seat=make_seat(), party_id=party.pk, actor=SEAT_ACTOR
    )

    answer = put(admitted, call.pk)
    session = admitted.api.get("/api/sdk/v1/session").json()

    assert (answer.status_code, answer.json()["code"]) == (403, "rescue_off")
    assert "断网时" not in [point["title"] for point in session["consent"]["points"]]
    assert session["consent"]["agreed"] is True


def test_switched_on_the_notice_is_another_one_and_has_to_be_agreed_to(
    party: Any, switched_on: None
):
    admitted = admit(party)
    session = admitted.api.get("/api/sdk/v1/session").json()
    old = admitted.api.post(
        "/api/sdk/v1/consent", {"text_version": policy.CONSENT_VERSION}, format="json"
    )

    assert session["consent"]["version"] == "3r"
    assert "断网时" in [point["title"] for point in session["consent"]["points"]]
    assert (old.status_code, old.json()["code"]) == (409, "consent_outdated")


spans = st.tuples(st.integers(0, 200_000), st.integers(1, 20_000)).map(lambda s: (s[0], sum(s)))


@examples(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(spans, max_size=5), st.lists(spans, max_size=8))
def test_what_is_lacking_is_missed_and_not_received(
    gaps: list[tuple[int, int]], got: list[tuple[int, int]]
):
    found = lacking(gaps, got)

    missed = padded(gaps)
    for start, until in found:
        assert until - start >= SLIVER_MS
        assert any(a <= start and until <= b for a, b in missed)
        assert not any(a < until and start < b for a, b in got)
    assert lacking(gaps, [*got, *found]) == []


def test_a_stretch_is_looked_at_within_its_gap_until_the_next_begins():
    looked_at = shown([(10_000, 15_100), (15_000, 20_100), (20_000, 25_000)], [(16_000, 19_000)])

    assert looked_at == [(12_500, 15_000), (15_000, 19_500), None]
