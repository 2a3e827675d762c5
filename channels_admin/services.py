"""Every change of a channel, and the door that each caller passes (CHN-2, SDK-1)."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import changes
from audit import services as audit
from common.actor import Actor
from common.crypto import blind_index

from .admission import (
    DECIMALS,
    AdmissionDecision,
    Claim,
    Doubt,
    Reason,
    decide_admission,
    doubts_of,
)
from .errors import ChannelEnabled, ChannelRefused, PlaceRefused
from .models import AdmissionAttempt, Channel
from .selectors import channel_of, earlier_position, rules_of, told_of


def admit(
    claim: Claim, *, task_id: UUID | None = None, party_id: UUID | None = None
) -> AdmissionAttempt:
    """Decide, store the attempt, and let in or refuse (SDK-1).

    Not to be called in a transaction: a refused attempt has to stay stored when the refusal flies.
    Raises ChannelRefused, PlaceRefused with the document's sentences.
    """
    channel = channel_of(claim.channel_code)
    rules = rules_of(channel) if channel else None
    doubts = doubts_of(claim, earlier_position(claim.phone), told_of(claim, rules))
    decision = decide_admission(rules, claim, doubts)
    attempt = _store(claim, decision, channel, task_id, party_id, doubts)
    if decision.reason is Reason.OUTSIDE:
        raise PlaceRefused(
            places=list(decision.places),
            networks=list(decision.networks),
            match_all=bool(rules and rules.match_all),
        )
    if not decision.admitted:
        raise ChannelRefused
    return attempt


def _store(
    claim: Claim,
    decision: AdmissionDecision,
    channel: Channel | None,
    task_id: UUID | None,
    party_id: UUID | None,
    doubts: Iterable[Doubt],
) -> AdmissionAttempt:
    return AdmissionAttempt.objects.create(
        channel=channel,
        channel_code=claim.channel_code,
        product_code=claim.product_code,
        phone=claim.phone,
        phone_index=blind_index(claim.phone) if claim.phone else "",
        task_id=task_id,
        party_id=party_id,
        latitude=round(claim.point.latitude, DECIMALS) if claim.point else None,
        longitude=round(claim.point.longitude, DECIMALS) if claim.point else None,
        accuracy_m=claim.accuracy_m,
        region_code=claim.region_code,
        ssid=claim.ssid,
        bssid=claim.bssid,
        ip=claim.ip or None,
        device_model=claim.device_model,
        os=claim.os,
        sdk_version=claim.sdk_version,
        admitted=decision.admitted,
        reason=decision.reason.value,
        checks=[asdict(check) for check in decision.checks],
        doubts=[doubt.value for doubt in doubts],
    )


def apply_enabled(payload: dict[str, Any], *, actor: Actor) -> None:
    """A channel a second person has agreed to open."""
    set_enabled([payload["channel"]], enabled=True, actor=actor, approved=True)


@transaction.atomic
def set_enabled(
    channel_ids: Iterable[int], *, enabled: bool, actor: Actor, approved: bool = False
) -> int:
    """Enable or disable channels; how many of them changed. Idempotent.

    Enabling may wait for a second person (S:A11): then the channel is not among those.
    """
    changed = 0
    rows = Channel.objects.select_for_update(of=("self",)).filter(pk__in=channel_ids)
    for channel in rows.order_by("pk"):
        if channel.enabled is enabled:
            continue
        if enabled and not approved and _must_wait(channel, actor):
            continue
        channel.enabled = enabled
        channel.save(update_fields=["enabled"])
        note_change(channel, "enabled" if enabled else "disabled", actor=actor)
        changed += 1
    return changed


def _must_wait(channel: Channel, actor: Actor) -> bool:
    return changes.must_wait(
        "channel",
        channel.pk,
        subject=_("启用渠道 {name}（{code}）").format(name=channel.name, code=channel.code),
        payload={"channel": channel.pk},
        actor=actor,
    )


@transaction.atomic
def enable_later(channel: Channel, *, actor: Actor) -> bool:
    """For a form that has the switch on: whether it has to wait; then it is off again."""
    if not _must_wait(channel, actor):
        return False
    channel.enabled = False
    channel.save(update_fields=["enabled"])
    return True


@transaction.atomic
def delete_channel(channel_id: int, *, actor: Actor) -> None:
    """Delete a disabled channel with its rows; attempts stay (CHN-2). Raises ChannelEnabled."""
    channel = Channel.objects.select_for_update(of=("self",)).get(pk=channel_id)
    if channel.enabled:
        raise ChannelEnabled(name=channel.name)
    note_change(channel, "deleted", actor=actor)
    channel.delete()


def note_change(channel: Channel, change: str, *, actor: Actor, **facts: Any) -> None:
    """An audit entry for a change made by a form."""
    audit.record(
        f"channel.{change}",
        actor=actor,
        object_type="channel",
        object_id=channel.pk,
        code=channel.code,
        **facts,
    )
