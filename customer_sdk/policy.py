"""Numbers and texts at the customer's edge that a parameter may set; units in the names."""

from datetime import timedelta

from django.conf import settings
from django.utils.translation import gettext_lazy as _

TICKET_LIFETIME = timedelta(minutes=10)
# A whole interview with its waiting and its reconnects; the token dies with the task's slot anyway.
TOKEN_LIFETIME = timedelta(hours=4)

HELLO_WITHIN_S = 5.0
HEARTBEAT_S = 10
SILENT_AFTER_S = 35.0  # three heartbeats missed: the other end is gone
MAX_FRAME_BYTES = 128 * 1024  # an offer with eight slots is about 40 kB
MAX_CHAT_CHARS = 500

# Other places than our own pages whose scripts may open the socket, as `https://host[:port]`.
ALLOWED_ORIGINS: tuple[str, ...] = tuple(getattr(settings, "SDK_ALLOWED_ORIGINS", ()))

CONSENT_VERSION = "3"
CONSENT_TITLE = _("面谈会全程录音录像")
CONSENT_POINTS = (
    (_("录什么"), _("您与坐席的声音、画面和抓拍照片")),
    (_("用来做什么"), _("核实贷款信息，由{bank}保存")),
    (_("保存多久"), _("贷款结清后 5 年")),
)
CONSENT_AGREE = _("我同意录音录像（第 {version} 版）")
PLACE_AGREE = _("我同意提供位置，标注在画面上")

COMPLETION = _("本次面谈已结束，感谢您的配合。")


def consent_text() -> dict[str, object]:
    """The notice in force, as the SDK shows it; its version is what the party agrees to."""
    return {
        "version": CONSENT_VERSION,
        "title": str(CONSENT_TITLE),
        "points": [
            {"title": str(title), "text": str(text).format(bank=settings.BANK_NAME)}
            for title, text in CONSENT_POINTS
        ],
        "agree": str(CONSENT_AGREE).format(version=CONSENT_VERSION),
        "place_agree": str(PLACE_AGREE),
    }
