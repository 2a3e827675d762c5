"""Recognition as an option (SDK-10): what is asked of which picture, under which consent, and how a
person reads the answer. It only hints; the seat decides."""

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from interviews.states import SnapshotKind

TEXT_VERSION = "2"
# Each kind needs a consent of its own: title, what happens, what happens without it.
CONSENTS = {
    "liveness": (
        _("人脸核验"),
        _("面谈中核对坐席抓拍的照片是否为您本人。只保存核验结果，不保存人脸特征。"),
        _("不同意也可以面谈，由坐席人工核验证件与本人。"),
    ),
    "id_ocr": (
        _("身份证识别"),
        _("面谈中读取您出示的身份证，与贷款资料核对。只保存核对结果，不另存证件号码。"),
        _("不同意也可以面谈，由坐席人工核验证件。"),
    ),
    "expression": (
        _("状态提示"),
        _("面谈中根据抓拍的照片向坐席提示您的状态。只保存提示，不保存面部特征。"),
        _("不同意也可以面谈，不影响办理结果。"),
    ),
}
# The parameter that switches a kind on.
PARAMETERS = {
    "liveness": "recognise_liveness",
    "id_ocr": "recognise_id_ocr",
    "expression": "recognise_expression",
}
ASKED_OF: Mapping[str, tuple[str, ...]] = {
    SnapshotKind.ID_CARD: ("liveness", "id_ocr"),
    SnapshotKind.PROPERTY: (),
    SnapshotKind.RISK: ("liveness", "expression"),
    SnapshotKind.OTHER: ("liveness", "expression"),
}
# What may be answered to a kind, in the seat's words; True where somebody should look.
FINDINGS = {
    ("liveness", "live"): (_("活体检测通过"), False),
    ("liveness", "not_live"): (_("活体检测未通过，请人工核验"), True),
    ("liveness", "match"): (_("人脸比对一致"), False),
    ("liveness", "mismatch"): (_("人脸比对不一致，请人工核验"), True),
    ("id_ocr", "id_read"): (_("身份证信息与资料一致"), False),
    ("id_ocr", "id_differs"): (_("身份证信息与资料不一致，请人工核验"), True),
    ("id_ocr", "id_unreadable"): (_("身份证未能识别，请人工核验"), True),
    ("expression", "attentive"): (_("客户状态平稳"), False),
    ("expression", "tense"): (_("客户可能紧张或受人指示"), True),
}
AWAY = _("辅助识别暂不可用，请人工核验")


def consent_version(kind: str) -> str:
    """The text version under which the consent to one kind is kept."""
    return f"{kind}-{TEXT_VERSION}"
