"""放行灯: what is still missing of a call, worst first."""

import datetime as dt

import pytest
from django.utils import timezone

from interviews import services as interviews
from interviews.models import ConfirmAnswer, ConfirmCard, Participant, Snapshot, TimelineEvent
from interviews.states import SnapshotKind
from recordings.models import Recording
from recordings.services import ensure_recording
from scripts_mgmt.models import Script, ScriptStep, StepKind
from tests.support.factories import SEAT_ACTOR, make_call, make_ended_call, make_task, person
from workbench import services
from workbench.protocol import StepDone
from workbench.release import release_checks
from workbench.selectors import workbench_state

pytestmark = pytest.mark.django_db


@pytest.fixture
def steps():
    script = Script.objects.create(title="话术", product_code="YXD")
    kinds = (
        ("开场", StepKind.READ, True),
        ("照片", StepKind.SNAPSHOT, True),
        ("闲谈", StepKind.READ, False),
    )
    return [
        ScriptStep.objects.create(
            script=script, order=n, title=title, kind=kind, text=title, required=required
        )
        for n, (title, kind, required) in enumerate(kinds, start=1)
    ]


def joined(call):
    Participant.objects.filter(call=call).update(joined_at=timezone.now())
    return call


def step(call, order, **told):
    frame = StepDone(id="1", type="script.step", order=order, title="x", **told)
    services.mark_step(call.seat_id, frame, actor=SEAT_ACTOR)


def shot(call):
    place = call.participants.get(role="customer")
    return Snapshot.objects.create(
        call=call,
        participant=place,
        kind=SnapshotKind.ID_CARD,
        at_ms=1000,
        file="snapshots/1.jpg",
        width=640,
        height=480,
        bytes=1,
        sha256="0" * 64,
    )


def lines(call, steps=()):
    return [(c["level"], c["title"], c["detail"]) for c in release_checks(call, steps)]


def test_a_call_that_has_just_begun_misses_everything_that_is_required(steps):
    call = joined(make_call())

    assert lines(call, steps) == [
        ("stop", "必做步骤未完成：1 开场、2 照片", "0 / 2"),
        ("stop", "必拍照片不足", "0 / 1"),
        ("ok", "干系人全部到场", "1 / 1"),
        ("ok", "全程双录", "接通即录"),
        ("ok", "无中断", ""),
    ]


def test_everything_done_is_green_and_what_was_left_out_shows_its_reason_and_moment(steps):
    call = joined(make_call())
    step(call, 1, skip_reason=" 客户已另行确认 ")
    step(call, 2)
    shot(call)

    checks = release_checks(call, steps)

    assert [c["level"] for c in checks] == ["warn", "ok", "ok", "ok", "ok"]
    assert checks[0]["title"] == "第 1 步已跳过：客户已另行确认"
    assert checks[0]["detail"] == "理由已填"
    skipped = call.events.get(kind="script_step", payload__order=1)
    assert checks[0]["at_ms"] == skipped.at_ms


def test_a_step_that_was_only_begun_or_is_optional_does_not_count(steps):
    call = joined(make_call())
    step(call, 1, done=False)
    step(call, 3)

    assert lines(call, steps)[0] == ("stop", "必做步骤未完成：1 开场、2 照片", "0 / 2")


def test_a_step_is_marked_required_by_the_script_whatever_the_page_says(steps):
    call = joined(make_call())
    for order in (1, 3, 9):
        step(call, order)

    told = call.events.filter(kind="script_step").order_by("payload__order")
    assert [event.payload["required"] for event in told] == [True, False, False]


def test_a_step_that_was_skipped_and_then_done_is_done(steps):
    call = joined(make_call())
    step(call, 1, skip_reason="时间不足")
    step(call, 1)
    step(call, 2)
    shot(call)

    assert ("ok", "必做步骤全部完成", "2 / 2") in lines(call, steps)


def test_a_deleted_picture_is_missing_again(steps):
    call = joined(make_call())
    picture = shot(call)
    assert ("ok", "抓拍照片", "1 张") in lines(call, steps)

    interviews.delete_snapshot(picture.pk, actor=SEAT_ACTOR, reason="模糊")

    assert ("stop", "必拍照片不足", "0 / 1") in lines(call, steps)


def test_the_missing_parties_are_named_and_one_interviewed_earlier_is_not_missing():
    task = make_task(person("张晓明"), person("李文静", "SPOUSE"), person("周安然", "GUARANTOR"))
    call = joined(make_call(task))
    first = call.participants.get(role="customer").party.name
    later = sorted({"张晓明", "李文静", "周安然"} - {first})
    task.parties.filter(name=later[0]).update(interviewed_at=timezone.now())

    assert lines(call)[0] == ("stop", f"干系人未面谈：{later[1]}", "2 / 3")


def test_whoever_was_invited_but_never_came_is_missing():
    call = make_call()

    name = call.task.parties.get().name
    assert lines(call)[0] == ("stop", f"干系人未面谈：{name}", "0 / 1")


def test_a_call_that_is_not_recorded_must_not_end_unnoticed():
    call = joined(make_call())
    call.recording_on = False
    call.save()

    assert lines(call)[0] == ("stop", "未在录制", "")


def gap(call, at_ms, until_ms):
    place = call.participants.get(role="customer")
    return TimelineEvent.objects.create(
        call=call, kind="gap", at_ms=at_ms, until_ms=until_ms, participant=place
    )


def test_gaps_of_a_second_and_more_are_led_to_and_shorter_ones_are_not():
    call = joined(make_call())
    gap(call, 61_000, 61_900)
    gap(call, 125_000, 128_400)
    gap(call, 200_000, None)
    name = call.task.parties.get().name

    checks = release_checks(call, ())

    assert [(c["title"], c["at_ms"]) for c in checks if c["level"] == "warn"] == [
        (f"中断：{name} 02:05 起 3 秒", 125_000),
        (f"中断：{name} 03:20 起未恢复", 200_000),
    ]


@pytest.mark.parametrize(
    ("answers", "line"),
    [
        ([], ("warn", "确认卡尚无人答复", "")),
        ([True], ("ok", "贷款信息已由客户确认", "1")),
        ([True, False], ("warn", "客户未确认贷款信息", "去看")),
    ],
)
def test_the_newest_confirmation_card_counts(answers, line):
    call = joined(make_call())
    card = ConfirmCard.objects.create(call=call, title="x", lines=[], sha256="0" * 64, at_ms=1000)
    for accepted, place in zip(answers, call.participants.all(), strict=False):
        ConfirmAnswer.objects.create(card=card, participant=place, accepted=accepted, at_ms=2000)

    assert line in lines(call)


def test_a_card_the_script_asks_for_is_missing_until_it_was_shown_or_left_out(steps):
    ScriptStep.objects.filter(pk=steps[0].pk).update(card=True)
    steps[0].refresh_from_db()
    call = joined(make_call())
    missing = ("stop", "话术要求的确认卡未推送", "")
    assert missing in lines(call, steps)

    step(call, 1, skip_reason="客户不配合")
    assert missing not in lines(call, steps)

    other = joined(make_call())
    ConfirmCard.objects.create(call=other, title="x", lines=[], sha256="0" * 64, at_ms=1000)
    assert missing not in lines(other, steps)


def test_the_seats_page_gets_the_lamp_with_the_script_that_applies(steps):
    call = joined(make_call())

    state = workbench_state(call.seat)

    assert state["call"]["release"] == release_checks(call, steps)


def looked_into(call, *, until_s=20.0, **video):
    """The recording of a call of 20 s after its files were looked into; `video` of the customer's."""
    call.refresh_from_db()
    begun = call.clock_started_at
    call.participants.update(joined_at=begun, left_at=begun + dt.timedelta(seconds=20))
    recording = ensure_recording(call.pk)
    for place in call.participants.all():
        for kind in ("audio", "video"):
            is_customers = place.role == "customer" and kind == "video"
            recording.tracks.create(
                participant_id=str(place.pk),
                leg_no=1,
                kind=kind,
                file=f"tracks/{place.pk}.{kind}.mkv",
                codec="vp8",
                start_ms=0,
                end_ms=round(1000 * until_s) if is_customers else 20_000,
                bytes=1,
                sha256="0" * 64,
                **(video if is_customers else {}),
            )
    return call


def test_a_recording_that_is_whole_is_green_with_its_tracks():
    call = looked_into(make_ended_call())

    assert ("ok", "全程双录，4 轨完整", "100.0 %") in lines(call)
    assert {level for level, *_said in lines(call)} == {"ok"}


def test_a_track_that_is_not_whole_is_amber_with_what_is_missing():
    call = looked_into(make_ended_call(), until_s=17)

    name = call.participants.get(role="customer").name
    assert lines(call)[0] == ("warn", f"录像不完整：{name} 画面", "85.0 % · 缺 3 秒")


def test_a_picture_below_the_floor_is_amber_and_so_is_what_was_damaged():
    low = {"looks": 10, "low": 4, "dark": 0, "blurred": 0, "frozen": 0}
    call = looked_into(make_ended_call(), picture=low, damage="truncated: EOFError")
    Recording.objects.update(height=360)

    name = call.participants.get(role="customer").name
    assert [line[:2] for line in lines(call)[:3]] == [
        ("warn", "1 个原始文件受损"),
        ("warn", "合成画面低于 480 线"),
        ("warn", f"{name}：画面低于 480 线 40%"),
    ]


def test_before_the_files_were_looked_into_the_lamp_says_only_that_it_recorded():
    call = make_ended_call()
    ensure_recording(call.pk)

    assert ("ok", "全程双录", "接通即录") in lines(call)
