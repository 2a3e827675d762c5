"""States of a waiting request and of an offer. Pure."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from common.states import Machine


class RequestState(TextChoices):
    WAITING = "WAITING", _("等待中")
    OFFERED = "OFFERED", _("振铃中")
    CONNECTED = "CONNECTED", _("已接通")
    ABANDONED = "ABANDONED", _("已放弃")
    EXPIRED = "EXPIRED", _("已失效")


class RequestMove(StrEnum):
    OFFER = "offer"
    RETURN = "return"
    CONNECT = "connect"
    ABANDON = "abandon"
    EXPIRE = "expire"


IN_LINE = (RequestState.WAITING, RequestState.OFFERED)
REQUEST_MACHINE = Machine[RequestState, RequestMove](
    {
        RequestMove.OFFER: (frozenset({RequestState.WAITING}), RequestState.OFFERED),
        RequestMove.RETURN: (frozenset({RequestState.OFFERED}), RequestState.WAITING),
        # A waiting party joins directly when another of the same task is connected.
        RequestMove.CONNECT: (frozenset(IN_LINE), RequestState.CONNECTED),
        RequestMove.ABANDON: (frozenset(IN_LINE), RequestState.ABANDONED),
        RequestMove.EXPIRE: (frozenset(IN_LINE), RequestState.EXPIRED),
    }
)


class OfferState(TextChoices):
    RINGING = "RINGING", _("振铃")
    ACCEPTED = "ACCEPTED", _("已接听")
    MISSED = "MISSED", _("未应答")
    DECLINED = "DECLINED", _("已拒接")
    WITHDRAWN = "WITHDRAWN", _("已撤回")
    TRANSFERRED = "TRANSFERRED", _("已转出")


class Strategy(TextChoices):
    RANDOM = "random", _("随机分配")
    LONGEST_IDLE = "longest_idle", _("空闲最久优先")
    LEAST_LOADED = "least_loaded", _("当日接待最少优先")
    LAST_SERVED = "last_served", _("历史服务优先")
    WEIGHTED = "weighted", _("按剩余处理能力加权")


class VersionState(TextChoices):
    """Of a version of the rules: written, in force, followed by another."""

    DRAFT = "DRAFT", _("草稿")
    IN_FORCE = "IN_FORCE", _("生效")
    RETIRED = "RETIRED", _("历史")


class AlertMetric(TextChoices):
    LONGEST_WAIT = "longest_wait", _("最长等待")
    LINE = "line", _("排队人数")
    SERVICE_LEVEL = "service_level", _("服务水平")
    RECORDER = "recorder", _("录制停止增长")
    DISK = "disk", _("录像盘剩余")
    WORKER = "worker", _("媒体节点失联")
    PARTNER_LATE = "partner_late", _("合作系统消息迟到")
    PARTNER_PARKED = "partner_parked", _("合作系统消息搁置")
    OPENED = "opened", _("单人打开录像")


class AlertLevel(TextChoices):
    STOP = "stop", _("紧急")
    RISK = "risk", _("注意")
