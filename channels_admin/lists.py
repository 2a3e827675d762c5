"""呼入准入记录 of the report's time as a file."""

from collections.abc import Iterator, Sequence

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.selectors import may
from common.errors import NotFound
from common.masking import mask_phone
from exports.sources import CHUNK, Table, counting

from . import reports
from .forms import ReportForm
from .models import AdmissionAttempt
from .selectors import OPERATIONS, attempts_open_to


def found_attempts(_argument: str, query: QueryDict, user: User) -> Table:
    form = ReportForm.of({name: str(value) for name, value in query.items()})
    if not any(may(user, each) for each in OPERATIONS) or not form.is_valid():
        raise NotFound
    search = form.search()
    found = reports.attempts_found(search, attempts_open_to(user))
    title = f"{_('呼入准入明细')} {search.first} {search.last}"
    return Table(title, counting(found), _rows(found))


def _rows(found: QuerySet[AdmissionAttempt]) -> Iterator[Sequence[str]]:
    """Every attempt with what was captured; the phone is masked."""
    yield [
        _("时间"),
        _("渠道代码"),
        _("产品代码"),
        _("呼入手机号"),
        _("结论"),
        _("判定过程"),
        _("纬度"),
        _("经度"),
        _("定位精度（米）"),
        _("定位疑点"),
        _("行政区划代码"),
        _("SSID"),
        _("BSSID"),
        _("IP 地址"),
        _("设备型号"),
        _("操作系统"),
        _("SDK 版本"),
    ]
    for attempt in found.order_by("created_at", "pk").iterator(chunk_size=CHUNK):
        yield [
            timezone.localtime(attempt.created_at).strftime("%Y-%m-%d %H:%M:%S"),
            attempt.channel_code,
            attempt.product_code,
            mask_phone(attempt.phone),
            reports.reason_text(attempt.reason),
            reports.checks_text(attempt),
            *(
                "" if fact is None else str(fact)
                for fact in (
                    attempt.latitude,
                    attempt.longitude,
                    attempt.accuracy_m,
                    reports.doubts_text(attempt),
                    attempt.region_code,
                    attempt.ssid,
                    attempt.bssid,
                    attempt.ip,
                    attempt.device_model,
                    attempt.os,
                    attempt.sdk_version,
                )
            ),
        ]
