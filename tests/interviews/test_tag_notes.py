"""What a tag was about, said later (WB-12)."""

import pytest

from audit.models import AuditEntry
from audit.services import interview_chain
from common.errors import NotFound
from interviews import services
from interviews.errors import CallOver
from interviews.models import TimelineEvent
from interviews.states import TagKind, Verdict
from tests.support.factories import SEAT_ACTOR, make_call
from workbench.services import note_tag

pytestmark = pytest.mark.django_db


@pytest.fixture
def call():
    return make_call()


def tag_of(call, note=""):
    return services.add_tag(call.pk, kind=TagKind.IDENTITY, note=note, at_ms=5000, actor=SEAT_ACTOR)


def annotate(tag, note):
    services.annotate_tag(tag.pk, note=note, actor=SEAT_ACTOR)
    tag.refresh_from_db()
    return tag.payload


def test_a_note_is_kept_with_the_tag_and_what_was_said_before_stays_on_the_timeline(call):
    tag = tag_of(call, "面部不符")

    assert annotate(tag, "  说不出出生日期 ") == {"kind": "identity", "note": "说不出出生日期"}
    assert annotate(tag, "后确认无误")["note"] == "后确认无误"

    said = call.events.filter(kind="tag_note").order_by("created_at")
    assert [(e.at_ms, e.payload) for e in said] == [
        (5000, {"tag": str(tag.pk), "note": "说不出出生日期"}),
        (5000, {"tag": str(tag.pk), "note": "后确认无误"}),
    ]
    noted = AuditEntry.objects.filter(
        chain=interview_chain(call.task_id), action="timeline.tag_note"
    )
    assert noted.count() == 2


def test_the_same_note_again_says_nothing_new_and_an_empty_one_takes_it_away(call):
    tag = tag_of(call)
    annotate(tag, "x")
    annotate(tag, "x ")
    assert call.events.filter(kind="tag_note").count() == 1

    assert annotate(tag, "")["note"] == ""


def test_a_note_is_cut_to_its_length(call):
    assert annotate(tag_of(call), "字" * 600)["note"] == "字" * 500


def test_it_can_be_written_after_the_call_but_not_once_the_verdict_is_filed(call):
    tag = tag_of(call)
    call.task.parties.update(interviewed_at="2026-01-01T00:00:00Z")
    services.end_call(call.pk, actor=SEAT_ACTOR, reason="seat")
    assert annotate(tag, "回放时看到")["note"] == "回放时看到"
    services.file_verdict(call.pk, verdict=Verdict.PASS, note="", actor=SEAT_ACTOR)

    with pytest.raises(CallOver):
        annotate(tag, "太晚")

    tag.refresh_from_db()
    assert tag.payload["note"] == "回放时看到"


def test_a_colleagues_tag_and_what_is_no_tag_cannot_be_written_on(call):
    other = tag_of(make_call())
    chat = services.add_event(call.pk, kind="chat", payload={"text": "x"}, actor=SEAT_ACTOR)

    for event in (other, chat):
        with pytest.raises(NotFound):
            note_tag(call.seat_id, event.pk, note="x", actor=SEAT_ACTOR)

    assert not TimelineEvent.objects.filter(kind="tag_note").exists()
