"""统计分析: plots, a table and files of what the views hold (REP-1)."""

from dataclasses import replace
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.selectors import may
from common.csv_file import csv_response
from ui.charts import Chart, lines, stacked

from . import selectors
from .forms import GROUP_LABELS, AskedForm
from .lists import choices_for


def _asked(request: HttpRequest) -> tuple[User, AskedForm, selectors.Asked]:
    """404 for those without the operation; what is not valid is the default."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    if not may(user, selectors.VIEW):
        raise Http404
    form = AskedForm.of(request.GET)
    return user, form, form.asked(selectors.scope_of_reports(user))


@login_required
@require_GET
def overview(request: HttpRequest) -> HttpResponse:
    user, form, asked = _asked(request)
    found = selectors.figures_of(asked)
    for row in found.rows if asked.by in selectors.FILTERS else ():
        row["narrower"] = _query(asked, by="day", only=(*asked.only, (asked.by, row["name"])))
    context = {
        "form": form,
        "found": found,
        "charts": [chart for chart in _charts(found) if not chart.is_empty],
        "query": _query(asked),
        "filters": _filters(asked),
        "lists": [(f"report:{what}", title) for what, title in choices_for(user)],
    }
    return render(request, "analytics/overview.html", context)


def _query(asked: selectors.Asked, **changed: Any) -> str:
    asked = replace(asked, **changed)
    told = {"first": str(asked.first), "last": str(asked.last), "by": asked.by}
    return urlencode(told | dict(asked.only))


def _filters(asked: selectors.Asked) -> list[dict[str, str]]:
    """What the figures are narrowed to, each with the question without it."""
    groups = dict(GROUP_LABELS)
    return [
        {
            "group": str(groups[name]),
            "label": selectors.labelled(name, [value]).get(value, value),
            "without": _query(asked, only=tuple(each for each in asked.only if each[0] != name)),
        }
        for name, value in asked.only
    ]


def _charts(found: selectors.Figures) -> list[Chart]:
    names = [row["label"] for row in found.rows]

    def column(key: str, scale: float = 1) -> list[float | None]:
        return [None if row.get(key) is None else float(row[key]) * scale for row in found.rows]

    def counts(key: str) -> list[float]:
        return [float(row.get(key) or 0) for row in found.rows]

    minute = 1 / 60
    return [
        stacked(
            _("面谈量与处理意见"),
            names,
            [
                (_("通过"), counts("PASS")),
                (_("部分完成"), counts("PARTIAL")),
                (_("存疑"), counts("DOUBT")),
                (_("未提交"), counts("OPEN")),
            ],
        ),
        lines(
            _("通话时长（分）"),
            names,
            [(_("平均"), column("talk_s", minute)), ("P90", column("talk_p90_s", minute))],
        ),
        lines(
            _("等待（秒）"),
            names,
            [(_("平均"), column("waited_s")), ("P90", column("waited_p90_s"))],
        ),
        stacked(
            _("入队与放弃"),
            names,
            [
                (_("接通"), counts("answered")),
                (_("放弃"), counts("abandoned")),
                (_("短时放弃"), counts("short")),
            ],
        ),
        lines(
            _("服务水平与放弃率（%）"),
            names,
            [
                (_("服务水平"), column("service_level", 100)),
                (_("放弃率"), column("abandonment", 100)),
            ],
        ),
        lines(_("客户上行丢包（%）"), names, [(_("平均"), column("loss_up"))]),
        lines(_("往返时延（毫秒）"), names, [(_("平均"), column("rtt_ms"))]),
        lines(
            _("每次通话的中断与重连（次）"),
            names,
            [(_("画面中断"), column("gaps")), (_("重连"), column("reconnects"))],
        ),
        lines(_("满意度（星）"), names, [(_("平均"), column("rating"))]),
    ]


@login_required
@require_GET
def summary(request: HttpRequest) -> HttpResponse:
    """The table of the page."""
    asked = _asked(request)[2]
    rows = _summary(selectors.figures_of(asked))
    return csv_response(f"summary-{asked.first}-{asked.last}.csv", rows)


def _summary(found: selectors.Figures) -> list[list[str]]:
    columns: list[tuple[str, str]] = [
        ("label", _("分组")),
        ("entered", _("入队")),
        ("answered", _("接通")),
        ("in_time", _("时限内接通")),
        ("abandoned", _("放弃")),
        ("short", _("短时放弃")),
        ("service_level", _("服务水平")),
        ("abandonment", _("放弃率")),
        ("waited_s", _("平均等待（秒）")),
        ("calls", _("通话")),
        ("talk_s", _("平均时长（秒）")),
        ("talk_p90_s", _("时长 P90（秒）")),
        ("PASS", _("通过")),
        ("DOUBT", _("存疑")),
        ("PARTIAL", _("部分完成")),
        ("doubt_rate", _("存疑率")),
        ("loss_up", _("上行丢包（%）")),
        ("rtt_ms", _("往返时延（毫秒）")),
        ("gaps", _("平均中断")),
        ("reconnects", _("平均重连")),
        ("rating", _("满意度")),
    ]

    def text(value: Any) -> str:
        return "" if value is None else value if isinstance(value, str) else f"{float(value):.4g}"

    heads = [label for _key, label in columns]
    return [heads, *([text(row.get(key)) for key, _label in columns] for row in found.rows)]
