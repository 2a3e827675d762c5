"""放行灯: what is still missing of a call before it is ended or filed. Pure but for its reads."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from django.utils.translation import gettext as _

from credit_bridge.selectors import proposed_fields
from interviews.models import Call
from interviews.states import StillState
from recordings.health import quality_of
from recordings.picture import FLOOR_LINES
from recordings.selectors import recording_of
from recordings.templatetags.recording_labels import track_label
from scripts_mgmt.models import ScriptStep, StepKind
from ui.templatetags.ui_figures import percent

WORTH_A_LOOK_MS = 1_000  # a shorter gap is on the timeline, but no reason to stop


class Level(StrEnum):
    STOP = "stop"
    WARN = "warn"
    OK = "ok"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the lamp. `at_ms` is where to look in the recording."""

    level: Level
    title: str
    detail: str = ""
    at_ms: int | None = None


def release_checks(call: Call, steps: Iterable[ScriptStep]) -> list[dict[str, Any]]:
    """Worst first; the order within a level is that of the interview."""
    events = list(call.events.order_by("at_ms", "created_at"))
    steps = list(steps)
    found = [
        _parties(call),
        *_script(steps, events),
        _snapshots(call, steps),
        *_recording(call),
        *_gaps(call, events),
        *_answers(call, asked_by_script=_asks_for_card(steps, events)),
        *_loan(call),
    ]
    order = list(Level)
    lines = sorted((check for check in found if check), key=lambda check: order.index(check.level))
    return [asdict(check) | {"level": check.level.value} for check in lines]


def _parties(call: Call) -> Check:
    parties = list(call.task.parties.order_by("name"))
    there = set(
        call.participants.exclude(joined_at=None)
        .exclude(party=None)
        .values_list("party", flat=True)
    )
    missing = [p.name for p in parties if p.interviewed_at is None and p.pk not in there]
    detail = f"{len(parties) - len(missing)} / {len(parties)}"
    if missing:
        return Check(
            Level.STOP, _("干系人未面谈：{names}").format(names="、".join(missing)), detail
        )
    return Check(Level.OK, _("干系人全部到场"), detail)


def _script(steps: list[ScriptStep], events: list[Any]) -> list[Check]:
    done = {
        e.payload.get("order"): e
        for e in events
        if e.kind == "script_step" and e.payload.get("done")
    }
    required = [step for step in steps if step.required]
    missing = [step for step in required if step.order not in done]
    skipped = [
        step for step in required if step.order in done and done[step.order].payload.get("skipped")
    ]
    checks = []
    if missing:
        names = "、".join(f"{step.order} {step.title}" for step in missing[:3])
        more = _("等 {count} 步").format(count=len(missing)) if len(missing) > 3 else ""
        checks.append(
            Check(
                Level.STOP,
                _("必做步骤未完成：{names}").format(names=names + more),
                f"{len(required) - len(missing)} / {len(required)}",
            )
        )
    checks += [
        Check(
            Level.WARN,
            _("第 {order} 步已跳过：{reason}").format(
                order=step.order, reason=done[step.order].payload.get("reason", "")
            ),
            _("理由已填"),
            done[step.order].at_ms,
        )
        for step in skipped
    ]
    if required and not checks:
        checks.append(Check(Level.OK, _("必做步骤全部完成"), f"{len(required)} / {len(required)}"))
    return checks


def _asks_for_card(steps: list[ScriptStep], events: list[Any]) -> bool:
    """A required step has one, and was not left out with a reason."""
    left_out = {
        e.payload.get("order")
        for e in events
        if e.kind == "script_step" and e.payload.get("skipped")
    }
    return any(step.card and step.required and step.order not in left_out for step in steps)


def _snapshots(call: Call, steps: list[ScriptStep]) -> Check | None:
    wanted = [step for step in steps if step.required and step.kind == StepKind.SNAPSHOT]
    taken = call.snapshots.filter(deleted_at=None).count()
    if len(wanted) > taken:
        return Check(Level.STOP, _("必拍照片不足"), f"{taken} / {len(wanted)}")
    if not wanted and not taken:
        return None
    return Check(Level.OK, _("抓拍照片"), _("{count} 张").format(count=taken))


def _recording(call: Call) -> list[Check]:
    """Whether it records; after the call what its files are like, once they were looked into."""
    if not call.recording_on:
        return [Check(Level.STOP, _("未在录制"))]
    recording = None if call.is_running else recording_of(call.pk)
    quality = quality_of(recording) if recording else None
    if quality is None or not quality.files:
        return [Check(Level.OK, _("全程双录"), _("接通即录"))]
    checks = [
        Check(
            Level.WARN,
            _("录像不完整：{name} {kind}").format(name=each.person, kind=track_label(each.kind)),
            _("{share} · 缺 {count} 秒").format(
                share=percent(each.complete), count=round(each.present_s - each.recorded_s)
            ),
        )
        for each in quality.people
        if each.is_short
    ]
    if quality.damaged:
        checks.append(Check(Level.WARN, _("{count} 个原始文件受损").format(count=quality.damaged)))
    if quality.is_below_floor:
        checks.append(Check(Level.WARN, _("合成画面低于 {lines} 线").format(lines=FLOOR_LINES)))
    checks += [Check(Level.WARN, poor) for poor in quality.poor_pictures]
    return checks or [
        Check(
            Level.OK,
            _("全程双录，{count} 轨完整").format(count=len(quality.people)),
            percent(min((each.complete for each in quality.people), default=1.0)),
        )
    ]


def _gaps(call: Call, events: list[Any]) -> list[Check]:
    names = {
        place.pk: place.name
        for place in call.participants.select_related("party", "user", "call__seat__user")
    }
    gaps = [
        e
        for e in events
        if e.kind == "gap" and (e.until_ms is None or e.until_ms - e.at_ms >= WORTH_A_LOOK_MS)
    ]
    if not gaps:
        return [Check(Level.OK, _("无中断"))]
    return [
        Check(
            Level.WARN,
            _("中断：{name} {minute:02d}:{second:02d} 起{length}").format(
                name=names.get(gap.participant_id, ""),
                minute=gap.at_ms // 60_000,
                second=gap.at_ms // 1000 % 60,
                length=(
                    _("未恢复")
                    if gap.until_ms is None
                    else _(" {count} 秒").format(count=round((gap.until_ms - gap.at_ms) / 1000))
                ),
            ),
            _("去看"),
            gap.at_ms,
        )
        for gap in gaps
    ]


def _loan(call: Call) -> list[Check]:
    fields = proposed_fields(call.task_id)
    if not fields:
        return []
    synced = sum(1 for field in fields.values() if field.state == "synced")
    detail = f"{synced} / {len(fields)}"
    if synced < len(fields):
        return [Check(Level.WARN, _("贷款修改尚未全部同步信贷系统"), detail)]
    return [Check(Level.OK, _("贷款修改已同步信贷系统"), detail)]


def _answers(call: Call, *, asked_by_script: bool) -> list[Check]:
    checks = []
    card = call.cards.order_by("-created_at").first()
    if card is None and asked_by_script:
        checks.append(Check(Level.STOP, _("话术要求的确认卡未推送")))
    if card is not None:
        answers = list(card.answers.all())
        refused = [answer for answer in answers if not answer.accepted]
        if refused:
            checks.append(Check(Level.WARN, _("客户未确认贷款信息"), _("去看"), refused[0].at_ms))
        elif answers:
            checks.append(Check(Level.OK, _("贷款信息已由客户确认"), str(len(answers))))
        else:
            checks.append(Check(Level.WARN, _("确认卡尚无人答复"), "", card.at_ms))
    if call.still_requests.filter(state=StillState.ASKED).exists():
        checks.append(Check(Level.WARN, _("原图拍摄尚未收到")))
    return checks
