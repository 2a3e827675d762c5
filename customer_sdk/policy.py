"""Numbers and texts at the customer's edge that a parameter may set; units in the names."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

TICKET_LIFETIME = timedelta(minutes=10)
CHECK_LIFETIME = timedelta(days=1)  # at least; otherwise until the slot begins
# A whole interview with its waiting and its reconnects; the token dies with the task's slot anyway.
TOKEN_LIFETIME = timedelta(hours=4)

HELLO_WITHIN_S = 5.0
HEARTBEAT_S = 10
SILENT_AFTER_S = 35.0  # three heartbeats missed: the other end is gone
MAX_FRAME_BYTES = 128 * 1024  # an offer with eight slots is about 40 kB
MAX_CHAT_CHARS = 500
MAX_KEY_CHARS = 80
# Sockets of one address that have not said who they are; in a branch many share an address.
PENDING_SOCKETS = 20

# How often, as (most, within seconds). Per address before admission, per party afterwards.
LIMITS: dict[str, tuple[int, int]] = {
    "admission": (60, 60),
    "ticket": (300, 60),  # per partner
    "session": (60, 60),
    "consent": (10, 60),
    "position": (10, 60),
    "call_in": (5, 60),
    "leave": (10, 60),
    "network_test": (6, 60),
    "device_check": (10, 60),
    "hand_over": (5, 60),
    "contract": (20, 60),
    "card": (20, 60),
    "still": (240, 60),
    "rescue": (120, 60),
    "rating": (10, 60),
    "chat": (5, 1),
    "media": (20, 60),
    "frames": (40, 1),  # of one socket; beyond it the socket is closed
    "device": (20, 60),
}

# Other places than our own pages whose scripts may use the SDK, as `https://host[:port]`.
ALLOWED_ORIGINS: tuple[str, ...] = settings.SDK_ALLOWED_ORIGINS

CONSENT_VERSION = "3"
CONSENT_TITLE = _("面谈会全程录音录像")
CONSENT_POINTS = (
    (_("录什么"), _("您与坐席的声音、画面和抓拍照片")),
    (_("用来做什么"), _("核实贷款信息，由{bank}保存")),
    (_("保存多久"), _("贷款结清后 5 年")),
)
# Where the interview's script says nothing else.
TO_BRING = (_("身份证原件"), _("房产证原件"))

# Only where the device keeps a recording of its own; it makes another version of the notice.
CONSENT_RESCUE = (
    _("断网时"),
    _("您的手机会暂存自己的录音录像，仅补传断网的时段，传完即从手机删除"),
)
CONSENT_AGREE = _("我同意录音录像（第 {version} 版）")
CONSENT_AGREE_RESCUE = _("我同意录音录像（第 {version} 版，含断网补录）")
PLACE_AGREE = _("我同意提供位置，标注在画面上")

# What the customer's device tells the seat.
DEVICE_NEWS = {
    "camera_interrupted": _("客户端画面中断：来电、切换应用或锁屏"),
    "camera_back": _("客户端画面已恢复"),
    "camera_failed": _("客户端摄像头未能恢复"),
    "microphone_muted": _("客户已静音"),
    "microphone_on": _("客户已取消静音"),
    "face_missing": _("客户未在画面中"),
    "face_back": _("客户已回到画面"),
    "position_doubtful": _("定位可疑：{doubts}"),
    "rescue_failed": _("客户手机未能自录，断网时段将无法补录"),
    "option_declined": _("客户未同意{option}，由坐席人工核验"),
}

COMPLETION = _("本次面谈已结束，感谢您的配合。")


def consent_version(*, rescue: bool) -> str:
    """The version in force; with `rescue` the device's own recording is agreed to as well."""
    return f"{CONSENT_VERSION}r" if rescue else CONSENT_VERSION


def consent_text(*, rescue: bool) -> dict[str, object]:
    """The notice in force, as the SDK shows it; its version is what the party agrees to."""
    version = consent_version(rescue=rescue)
    return {
        "version": version,
        "title": str(CONSENT_TITLE),
        "points": [
            {"title": str(title), "text": str(text).format(bank=settings.BANK_NAME)}
            for title, text in (*CONSENT_POINTS, *([CONSENT_RESCUE] if rescue else []))
        ],
        "agree": str(CONSENT_AGREE_RESCUE if rescue else CONSENT_AGREE).format(
            version=CONSENT_VERSION
        ),
        "place_agree": str(PLACE_AGREE),
    }
