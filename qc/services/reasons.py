"""拒件原因: the credit system's list, asked for in the background and kept here (QC-2)."""

import datetime as dt
import logging

from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string

from common.errors import DomainError
from qc.models import ReasonList

logger = logging.getLogger(__name__)

REFRESH_AFTER = dt.timedelta(minutes=15)


def refresh_reasons() -> bool:
    """Ask for the list when none is kept or its time has come. True when a new one is kept.

    Asks a network: never inside a transaction, never while a person waits.
    """
    due = timezone.now() - REFRESH_AFTER
    if ReasonList.objects.filter(asked_at__gte=due).exists():
        return False
    try:
        reasons = list(dict.fromkeys(import_string(settings.REJECT_REASONS_SOURCE)()))
    except DomainError as away:
        logger.warning("reject reasons: %s", away.code)
        return False
    if not reasons:
        logger.warning("reject reasons: the list is empty, the last one stays")
        return False
    ReasonList.objects.update_or_create(
        pk=1, defaults={"reasons": reasons, "asked_at": timezone.now()}
    )
    return True
