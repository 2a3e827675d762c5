"""The document's refusals at the door (SDK-1)."""

from django.utils.translation import gettext as _now
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class ChannelRefused(DomainError):
    """The channel is unknown or disabled."""

    code = "channel_refused"
    status = 403
    message = _("当前渠道未被授权接入我行视频坐席，请联系您的客户经理。")


class PlaceRefused(DomainError):
    """The caller is outside what the channel permits. facts: places, networks."""

    code = "place_refused"
    status = 403
    retryable = True
    message = _("您当前不在允许的区域或网络内，请联系您的客户经理。")

    @property
    def text(self) -> str:
        places = "、".join(self.facts["places"])
        networks = "、".join(self.facts["networks"])
        if places and networks and self.facts["match_all"]:
            return _now("请前往{places}并连接{networks}后再次发起面谈。").format(
                places=places, networks=networks
            )
        if places and networks:
            return _now("请前往{places}或连接{networks}后再次发起面谈。").format(
                places=places, networks=networks
            )
        if places:
            return _now("请前往{places}后再次发起面谈。").format(places=places)
        return _now("请连接{networks}后再次发起面谈。").format(networks=networks)


class ChannelEnabled(DomainError):
    """Only a disabled channel may be deleted (CHN-2)."""

    code = "channel_enabled"
    message = _("渠道“{name}”处于启用状态，请先停用再删除。")
