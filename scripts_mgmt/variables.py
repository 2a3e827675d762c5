"""The places a script's text may have, like {客户姓名}. Whoever knows the case fills them. Pure."""

import re

from django.utils.translation import gettext_lazy as _

# What it is called in the text, and what stands there in the example.
VARIABLES = {
    "客户姓名": _("张三"),  # data
    "产品名称": _("永续贷"),  # data
    "贷款金额": "420,000.00",  # data
    "贷款期限": "60",  # data
    "年利率": "4.35%",  # data
    "还款日": "20",  # data
}
_PLACE = re.compile(r"\{([^{}]*)\}")


def places_in(text: str) -> list[str]:
    """The names in braces, each once, in the order of the text."""
    return list(dict.fromkeys(_PLACE.findall(text)))


def unknown_in(text: str) -> list[str]:
    return [name for name in places_in(text) if name not in VARIABLES]
