"""Evidence and its verification as files that are made in the background (STO-4)."""

from collections.abc import Callable
from typing import BinaryIO
from uuid import UUID

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from accounts.selectors import actor_of
from exports.sources import Package

from . import selectors, services
from .services.evidence import Verdict


def evidence_package(call_id: str, query: QueryDict, user: User) -> Package:
    recording = selectors.provable(user, UUID(call_id))

    def write(file: BinaryIO, tell: Callable[[int], None], job_id: UUID) -> None:
        reason, actor = query.get("reason", ""), actor_of(user)
        services.write_evidence(file, recording, job_id, reason=reason, actor=actor, tell=tell)

    return Package(_("{name} 证据包").format(name=recording.download_name), write)


def verification(call_id: str, _query: QueryDict, user: User) -> Package:
    """What the check found, in words."""
    recording = selectors.provable(user, UUID(call_id))

    def write(file: BinaryIO, tell: Callable[[int], None], _job_id: UUID) -> None:
        verdict = services.check_recording(recording, tell)
        services.note_verified(recording, verdict.ok, actor=actor_of(user))
        lines = [
            recording.download_name,
            f"{timezone.localtime():%Y-%m-%d %H:%M:%S}",
            outcome_of(verdict),
            *(f"{fault.where} {fault.code} {fault.detail}".strip() for fault in verdict.faults),
        ]
        file.write("\r\n".join([*lines, ""]).encode("utf-8-sig"))

    return Package(_("{name} 验证结果").format(name=recording.download_name), write)


def outcome_of(verdict: Verdict) -> str:
    if verdict.ok:
        text = ngettext(
            "验证通过：%(count)d 个文件与封存时完全一致。",
            "验证通过：%(count)d 个文件与封存时完全一致。",
            verdict.files,
        )
        return text % {"count": verdict.files}
    if verdict.unreadable:
        return _("存储暂时无法读取，未能验证，请稍后再试。")
    named = "、".join(f"{fault.where}（{fault.code}）" for fault in verdict.faults[:5])
    return _("验证未通过：{faults}").format(faults=named)
