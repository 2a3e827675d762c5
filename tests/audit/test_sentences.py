"""Every entry is read as a Chinese sentence: no code of an action, a field or a value is left (WB-20)."""

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import Institution, Role, User
from accounts.selectors import actor_of
from appointments.states import AppointmentMove
from audit import services as audit
from audit.models import AuditEntry
from audit.sentences import names_of, object_of, sentence
from audit.words import ACTIONS, FACTS, KINDS, UNSAID
from channels_admin.models import Channel
from common.actor import SYSTEM, Actor, ActorKind
from interviews.states import CallMove
from marketing_media.models import MediaItem
from parameters.definitions import DEFINITIONS
from qc.states import ReviewMove
from queueing.states import OfferState
from recordings.states import Stage
from scripts_mgmt.models import Script, ScriptStep
from seats.states import PresenceMove
from tests.support.factories import make_seat, make_task

NOTES = frozenset({"record", "note", "_note", "note_change", "note_review", "_note_made", "_audit"})
TIMELINE = (
    *("chat", "confirm.answer", "confirm.card", "device", "guide_frame", "loan_changed"),
    *("observation", "position", "recording.alarm_seen", "script_step", "tag", "tag_note"),
)
# What the parts in braces of a composed action may be.
COMPOSED: dict[str, Sequence[str]] = {
    "seat.": [move.value for move in PresenceMove],
    "call.": [move.value for move in CallMove],
    "appointment.": [move.value for move in AppointmentMove],
    "offer.": [state.value.lower() for state in OfferState if state != OfferState.RINGING],
    "recording.": [stage.value.lower() for stage in Stage],
    "qc.": [
        move.value for move in ReviewMove if move.value in {"pass", "reject", "return", "flag"}
    ],
    "channel.": ["added", "edited", "deleted", "enabled", "disabled"],
    "script.": ["added", "edited", "deleted", "enabled", "disabled", "versioned"],
    "media.": ["added", "edited", "deleted", "enabled", "disabled", "encoded", "uploaded"],
    "playout.": ["pause", "resume", "stop"],
    "timeline.": TIMELINE,
}


def notes_written():
    """Every call that writes an entry, in every app."""
    root = Path(settings.BASE_DIR)
    # The media worker writes a journal of its own, with words of its own.
    for app in [
        each.parent for each in root.glob("*/apps.py") if each.parent.name != "media_worker"
    ]:
        for module in app.rglob("*.py"):
            for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    called = node.func
                    name = getattr(called, "attr", getattr(called, "id", ""))
                    if name in NOTES:
                        yield node


def actions_of(node):
    """Words of the entry that a call writes, as far as they stand in it."""
    for part in node.args:
        for each in ast.walk(part):
            if isinstance(each, ast.Constant) and isinstance(each.value, str):
                yield each.value
            if isinstance(each, ast.JoinedStr):
                start = str(getattr(each.values[0], "value", ""))
                if start.endswith("."):
                    yield from (start + end for end in COMPOSED[start])


def written_actions():
    kinds = {action.split(".")[0] for action in ACTIONS} | set(KINDS)
    found = {word for node in notes_written() for word in actions_of(node)}
    return {
        word
        for word in found
        if "." in word.strip(".") and word.split(".")[0] in kinds and " " not in word
    }


def test_every_action_has_its_words():
    written = written_actions()

    assert len(written) > 150
    assert sorted(written - set(ACTIONS)) == []


def test_every_fact_has_its_words_or_is_said_to_be_for_machines():
    """Also the facts that helpers hand on: they are keywords of the same calls."""
    own = {"actor", "object_type", "object_id", "chain"}
    own.add("on")  # of the media gateway, whose recording is another one
    written = {word.arg for node in notes_written() for word in node.keywords if word.arg} - own

    assert len(written) > 60
    assert sorted(written - set(FACTS) - UNSAID) == []


def test_every_kind_of_object_has_its_words():
    found = set()
    for node in notes_written():
        for word in node.keywords:
            if word.arg == "object_type" and isinstance(word.value, ast.Constant):
                found.add(str(word.value.value))

    assert len(found) > 30
    assert sorted(found - set(KINDS)) == []


def told(action, object_type, object_id="1", actor=SYSTEM, **facts):
    audit.record(action, actor=actor, object_type=object_type, object_id=object_id, **facts)
    return sentence(AuditEntry.objects.order_by("-pk")[0])


@pytest.mark.django_db
def test_codes_are_told_by_the_labels_of_models_parameters_roles_and_operations():
    Role.objects.create(code="seat", name="面谈岗", operations=["workbench.use"], scope="own")

    assert told("role.changed", "role", gained=["videos.view"], scope="institution") == (
        "系统 修改了角色（增加：视频管理 · 查询与回放；范围：本机构及下级）"
    )
    assert told("user.roles_set", "user", staff_no="S1", gained=["seat"], lost=["gone"]) == (
        "系统 设置了用户的角色（工号：S1；增加：面谈岗；减少：gone）"
    )
    assert told(
        "parameter.set", "parameter", "password_profile", scope="global", before=None, after=1
    ) == ("系统 设置了参数（范围：全局；未设置 → 等保）")
    assert told(
        "parameter.set", "parameter", "lock_min", scope="channel", code="APP", before=15, after=30
    ) == ("系统 设置了参数（代码：APP；范围：渠道；15 分钟 → 30 分钟）")
    assert told("seat.pause", "seat", state="PAUSED", reason="午餐") == (
        "系统 示忙（状态：示忙；原因：午餐）"
    )
    assert told("call.end", "call", state="ENDED", reason="seat_lost") == (
        "系统 结束了通话（状态：已结束；原因：坐席断线未归）"
    )
    assert told("case.node_reached", "case", node="SIGNING") == "系统 案件到达节点（节点：面签）"
    assert told("qc.second_given", "qc_review", move="reject", points=80) == (
        "系统 提交了复评（结论：质检拒件；得分：80）"
    )
    assert told("timeline.tag", "call", at_ms=754_000, event="x") == (
        "系统 打了标签（录制时刻：12:34）"
    )
    assert told("recording.fetched", "recording", kind="journal", sha256="ab") == (
        "系统 取走了录像（类别：通话日志）"
    )
    assert told("appointment.booked", "appointment", start="2026-12-01T08:00:00+08:00") == (
        "系统 预约了面谈（开始：2026-12-01 08:00）"
    )
    assert (
        told(
            "alert_rule.saved",
            "alert_rule",
            before={"metric": "line", "threshold": 5, "enabled": True, "level": "risk"},
            after={"metric": "line", "threshold": 9, "enabled": True, "level": "stop"},
        )
        == "系统 设置了告警规则（界限：5 → 9；级别：注意 → 紧急）"
    )


@pytest.mark.django_db
@pytest.mark.parametrize("what", ["detail", "qc", "track", "composed", "reel", "snapshot"])
def test_what_of_a_recording_was_opened_is_told_in_words(what):
    assert what not in told("recording.opened", "call", what=what)


@pytest.mark.django_db
def test_an_action_without_words_is_told_as_an_operation_on_its_object():
    assert told("role.brand_new", "role") == "系统 操作了角色（role.brand_new）"


@pytest.mark.django_db
def test_objects_are_named_and_the_deleted_ones_by_what_the_entry_kept():
    channel = Channel.objects.create(name="手机银行", code="APP")
    task = make_task(contract_no="YXD-1")
    for kind, number, facts in (
        ("channel", channel.pk, {}),
        ("channel", 999, {"code": "GONE"}),
        ("parameter", "lock_min", {}),
        ("task", task.pk, {}),
        ("export", "list", {}),
        ("audit", "admin", {}),
        ("audit", audit.interview_chain(task.pk)[:60], {}),
    ):
        audit.record("x.y", actor=SYSTEM, object_type=kind, object_id=number, **facts)
    entries = list(AuditEntry.objects.order_by("-pk")[:7])[::-1]

    named = names_of(entries)

    assert [named[entry.pk] for entry in entries] == [
        f"渠道 {channel.name} APP",
        "渠道 GONE",
        f"参数 {DEFINITIONS['lock_min'].label}",
        "面谈任务 YXD-1",
        "导出 list",
        "操作日志 管理操作链",
        "操作日志 面谈 YXD-1",
    ]


@pytest.mark.django_db
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_what_is_gone_is_called_by_its_number(kind):
    """Also: the fields that are to name a row are there."""
    number = "700007" if kind != "parameter" else "gone"
    audit.record("x.y", actor=SYSTEM, object_type=kind, object_id=number)
    uuid = "0190d5e5-0000-7000-8000-000000000000"
    audit.record("x.y", actor=SYSTEM, object_type=kind, object_id=uuid)

    named = [object_of(entry) for entry in AuditEntry.objects.order_by("pk")]

    assert named == [f"{KINDS[kind].label} {number}", f"{KINDS[kind].label} {uuid}"]


# --- what the forms of the back office write ----------------------------------------------------


@pytest.fixture
def editor(db):
    user = User.objects.create_user("M1", "test-password", name="主管", is_staff=True)
    user.is_superuser = True
    user.save()
    client = Client()
    client.force_login(user)
    return client


def last(action):
    return sentence(AuditEntry.objects.filter(action=action).order_by("-pk")[0])


def management(*prefixes, initial=0, total=None):
    rows: dict[str, str] = {}
    for prefix in prefixes:
        rows |= {
            f"{prefix}-TOTAL_FORMS": str(initial if total is None else total),
            f"{prefix}-INITIAL_FORMS": str(initial),
        }
    return rows


def test_a_change_of_a_channel_is_told_field_by_field_with_its_rows(editor):
    channel = Channel.objects.create(name="旧名", code="APP", institution_name="")
    form = {"name": "新名", "code": "APP", "enabled": "False", "institution_name": "上海分行"}
    rows = management("fences", "networks", "services") | {
        **management("regions", total=1),
        "regions-0-name": "上海市",
        "regions-0-code": "310000",
        "regions-0-channel": str(channel.pk),
    }

    answer = editor.post(f"/admin/channels_admin/channel/{channel.pk}/change/", form | rows)

    assert answer.status_code == 302
    assert last("channel.edited") == (
        "M1 修改了渠道（代码：APP；渠道名称：旧名 → 新名；机构名称：空 → 上海分行；"
        "新增渠道指定属地“上海市”）"
    )


def test_a_change_of_a_script_tells_of_its_steps(editor):
    script = Script.objects.create(title="开场", enabled=False)
    step = ScriptStep.objects.create(script=script, order=1, title="核对", text="请出示身份证")
    form = {
        "title": "开场",
        "effective_from_0": script.effective_from.astimezone().strftime("%Y-%m-%d"),
        "effective_from_1": script.effective_from.astimezone().strftime("%H:%M:%S"),
        **management("steps", initial=1),
        "steps-0-id": str(step.pk),
        "steps-0-script": str(script.pk),
        "steps-0-order": "1",
        "steps-0-title": "核对",
        "steps-0-kind": "snapshot",
        "steps-0-text": "请出示身份证",
        "steps-0-required": "on",
    }

    answer = editor.post(f"/admin/scripts_mgmt/script/{script.pk}/change/", form)

    assert answer.status_code == 302
    assert "修改话术步骤“1 核对”（类别：坐席读 → 抓拍）" in last("script.edited")


def test_a_change_of_a_media_item_is_told_with_the_labels_of_its_choices(editor):
    item = MediaItem.objects.create(title="提示", kind="risk_notice")
    form = {"title": "提示", "kind": "campaign", **management("products")}

    answer = editor.post(f"/admin/marketing_media/mediaitem/{item.pk}/change/", form)

    assert answer.status_code == 302
    assert last("media.edited") == (
        "M1 修改了营销素材（标题：提示；类别：风险提示 → 营销活动；不得跳过或快进：是 → 否）"
    )


def test_rows_without_a_service_of_their_own_are_told_as_well(editor):
    head = Institution.objects.create(code="1", name="总行")
    branch = Institution.objects.create(code="2", name="分行")
    form = {"code": "2", "name": "上海分行", "parent": str(head.pk)}

    assert editor.post(f"/admin/accounts/institution/{branch.pk}/change/", form).status_code == 302
    assert last("row.changed") == (
        "M1 修改了机构（名称：上海分行（2）；机构名称：分行 → 上海分行；上级机构：空 → 总行（1））"
    )
    editor.post(f"/admin/accounts/institution/{branch.pk}/delete/", {"post": "yes"})
    assert last("row.deleted") == "M1 删除了机构（名称：上海分行（2））"


def test_of_a_person_the_institution_is_told_and_the_ways_to_reach_are_not(editor):
    from accounts.services import UserDraft, change_user

    branch = Institution.objects.create(code="2", name="分行")
    user = User.objects.create_user("S1", "test-password", name="李四", phone="13900000000")
    boss = actor_of(User.objects.get(staff_no="M1"))

    change_user(user.pk, UserDraft("S1", "李四", "13911111111", "", branch), actor=boss)

    said = last("user.changed")
    assert said == "M1 修改了用户（工号：S1；字段：手机号；机构：空 → 分行（2））"
    assert "139" not in AuditEntry.objects.get(action="user.changed").payload


@pytest.mark.django_db
def test_the_page_and_the_entry_show_sentences_and_keep_the_record_itself(editor):
    seat = make_seat("S9")
    person = Actor(ActorKind.USER, str(seat.user_id), "S9")
    audit.record("seat.pause", actor=person, object_type="seat", object_id=seat.pk, state="PAUSED")
    entry = AuditEntry.objects.get(action="seat.pause")

    listed = editor.get("/admin/audit/auditentry/", {"action": "seat.pause"}).content.decode()
    opened = editor.get(f"/admin/audit/auditentry/{entry.pk}/change/").content.decode()

    for page in (listed, opened):
        assert "S9 示忙（状态：示忙）" in page
        assert "坐席 S9" in page
    assert "原始记录" in opened
    assert str(entry) not in opened  # neither as a heading nor on the way back
    assert "seat.pause" in opened
