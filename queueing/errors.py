"""Why the line refuses."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class OfferGone(DomainError):
    """Too late, taken by another, or not this seat's."""

    code = "offer_gone"
    message = _("该呼叫已被接起或已失效。")
