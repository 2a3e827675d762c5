"""How moments and marks of a recording are written."""

from typing import Any

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_admin.regions import name_of
from common.masking import mask_id_no, mask_phone
from interviews.states import TagKind
from recordings.said import text_of
from recordings.services.retention_rules import terms_text

register = template.Library()
KINDS = {
    "snapshot": gettext_lazy("抓拍"),
    "mute": gettext_lazy("静音"),
    "unmute": gettext_lazy("取消静音"),
    "participant.joined": gettext_lazy("加入"),
    "participant.left": gettext_lazy("离开"),
    "script_step": gettext_lazy("话术步骤"),
    "gap": gettext_lazy("画面中断"),
    "chat": gettext_lazy("文字消息"),
    "media": gettext_lazy("播放素材"),
    "media.failed": gettext_lazy("素材播放失败"),
    "share": gettext_lazy("共享画面"),
    "guide_frame": gettext_lazy("取景框"),
    "position": gettext_lazy("定位"),
    "device": gettext_lazy("终端信息"),
    "observation": gettext_lazy("辅助识别"),
    "confirm.card": gettext_lazy("确认卡"),
    "confirm.answer": gettext_lazy("客户确认"),
    "recording.degraded": gettext_lazy("仅录音（磁盘已满）"),
    "recording.stalled": gettext_lazy("录像停止写入"),
    "recording.alarm_seen": gettext_lazy("坐席已知悉录制告警"),
    "recording.by_hand": gettext_lazy("手动开始录制"),
}
GAPS = {
    "network": gettext_lazy("网络中断"),
    "worker": gettext_lazy("媒体节点更换"),
    "devices": gettext_lazy("在线，但没有声音和画面送来"),
}
TOPICS = {
    "call.opened": gettext_lazy("通话建立"),
    "call.preroll": gettext_lazy("播放风险提示"),
    "call.ended": gettext_lazy("通话结束"),
    "verdict.filed": gettext_lazy("提交处理意见"),
    "task.created": gettext_lazy("面谈任务建立"),
    "task.superseded": gettext_lazy("任务被取代"),
    "task.state_changed": gettext_lazy("面谈状态同步"),
    "appointment.booked": gettext_lazy("预约通知"),
    "appointment.moved": gettext_lazy("改约通知"),
    "appointment.reassigned": gettext_lazy("改派坐席通知"),
    "appointment.cancelled": gettext_lazy("取消预约通知"),
    "recording.ready": gettext_lazy("录像入库"),
}


@register.filter
def basis(rule: dict[str, Any]) -> str:
    """What a certificate says of its rule, and who set it."""
    people = [
        f"{name} {rule[key]}"
        for key, name in (("set_by", _("设定人")), ("agreed_by", _("复核人")))
        if rule.get(key)
    ]
    return "；".join([terms_text({**rule, "deletes": True}), *people])  # data


@register.filter
def clock_of_ms(ms: int) -> str:
    """00:12:31"""
    seconds = int(ms) // 1000
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


register.filter("masked_phone", mask_phone)
register.filter("masked_id", mask_id_no)


@register.filter
def track_label(kind: str) -> str:
    return _("画面") if kind == "video" else _("声音")


@register.filter
def place_name(code: str) -> str:
    """浙江省 湖州市 吴兴区"""
    return name_of(code) if code else ""


@register.filter
def event_words(event: Any) -> str:
    """What an event of the journal says, where it says something."""
    if event.kind == "gap":
        return str(GAPS.get(event.payload.get("cause", ""), ""))
    return " · ".join(text_of(event.kind, event.payload))


@register.filter
def topic_label(topic: str) -> str:
    """A message's topic in a person's words."""
    return str(TOPICS.get(topic, topic))


@register.filter
def event_label(event: dict[str, Any]) -> str:
    kind = str(event["kind"])
    if kind == "tag":
        tag = event["payload"].get("kind", "")
        return str(TagKind(tag).label) if tag in TagKind.values else _("标签")
    return str(KINDS.get(kind, kind))


@register.filter
def journal_label(event: Any) -> str:
    """The same of a row of the journal."""
    return event_label({"kind": event.kind, "payload": event.payload})
