"""Reads of channels: their rules as the pure decision wants them."""

import datetime as dt

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from accounts.models import DataScope, Institution, User
from accounts.selectors import institutions_below, scope_of
from common.crypto import blind_index

from .addresses import place_of_address
from .admission import ChannelRules, Circle, Claim, Earlier, Network, Point, Polygon, Region, Told
from .models import AdmissionAttempt, Channel, ChannelFence, ChannelService
from .regions import places

OPERATIONS = ("channels.view", "channels.manage")


def hidden_institutions(user: User | AnonymousUser) -> list[str]:
    """Numbers of the institutions whose channels are not the person's: all but the own (ACC-3).

    A channel without a number, or with one that is no institution's, is the whole bank's.
    """
    scope = scope_of(user, *OPERATIONS)
    if scope == DataScope.ALL:
        return []
    own: list[int] = []
    if isinstance(user, User) and user.institution_id is not None:
        is_wide = scope == DataScope.INSTITUTION
        own = institutions_below(user.institution_id) if is_wide else [user.institution_id]
    return list(Institution.objects.exclude(pk__in=own).values_list("code", flat=True))


def attempts_open_to(user: User | AnonymousUser) -> Q:
    """A condition on attempts: those of channels that the person may see, and of unknown ones."""
    hidden = hidden_institutions(user)
    foreign = Channel.objects.filter(institution_no__in=hidden).values("code")
    return ~Q(channel_code__in=foreign)


def channel_of(code: str) -> Channel | None:
    """The channel with `code`, whatever its state."""
    return Channel.objects.filter(code=code).first()


def rules_of(channel: Channel) -> ChannelRules:
    """Everything `decide_admission` needs to know of a channel (three queries)."""
    return ChannelRules(
        enabled=channel.enabled,
        match_all=channel.match_all,
        refuses_doubtful_place=channel.refuse_doubtful_place,
        regions=tuple(Region(row.name, row.code) for row in channel.regions.all()),
        fences=tuple(_shape(row) for row in channel.fences.all()),
        networks=tuple(
            Network(row.name, row.ssid, row.bssid, row.ip_range) for row in channel.networks.all()
        ),
    )


def _shape(fence: ChannelFence) -> Circle | Polygon:
    if fence.corners:
        return Polygon(fence.name, tuple(Point(lat, lng) for lat, lng in fence.corners))
    # The check constraint promises the three numbers of a circle where there is no polygon.
    latitude, longitude, radius_m = fence.latitude, fence.longitude, fence.radius_m
    if latitude is None or longitude is None or radius_m is None:
        raise ValueError(f"fence {fence.pk} has no shape")
    return Circle(fence.name, Point(float(latitude), float(longitude)), float(radius_m))


def service_types(channel_code: str, product_code: str) -> list[str]:
    """业务种类 open to that channel and product, in the order they were entered (SDK-1a)."""
    rows = ChannelService.objects.filter(
        Q(product_code="") | Q(product_code=product_code), channel__code=channel_code
    ).values_list("business_type", flat=True)
    return list(dict.fromkeys(rows))


def allows_walk_in(channel_code: str) -> bool:
    """Whether customers of the channel may call in outside the appointment's slot."""
    return Channel.objects.filter(code=channel_code, enabled=True, allow_walk_in=True).exists()


def told_of(claim: Claim, rules: ChannelRules | None) -> Told:
    """What the address, the named region and the channel's networks say of where the caller is."""
    named = places().get(claim.region_code[:6])
    return Told(
        by_address=place_of_address(claim.ip),
        # The centre of a province may be further away than any contradiction.
        by_region=named.point if named is not None and named.level > 1 else None,
        networks=rules.networks if rules else (),
    )


def earlier_position(phone: str) -> Earlier | None:
    """Where the phone last said it was, within a day."""
    if not phone:
        return None
    now = timezone.now()
    last = (
        AdmissionAttempt.objects.filter(
            phone_index=blind_index(phone),
            created_at__gte=now - dt.timedelta(days=1),
            latitude__isnull=False,
            longitude__isnull=False,
        )
        .order_by("-created_at")
        .first()
    )
    if last is None or last.latitude is None or last.longitude is None:
        return None
    ago_s = (now - last.created_at).total_seconds()
    return Earlier(Point(float(last.latitude), float(last.longitude)), ago_s)
