"""The tree of menus and operations that roles open (ACC-1). Codes are stable; labels are Chinese."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Menu:
    code: str
    label: str | Promise
    operations: tuple[tuple[str, str | Promise], ...]


MENUS: tuple[Menu, ...] = (
    Menu(
        "workbench",
        _("视频坐席工作台"),
        (
            ("workbench.use", _("接待面谈")),
            ("workbench.reveal", _("查看完整证件号与电话")),
        ),
    ),
    Menu(
        "videos",
        _("视频管理"),
        (
            ("videos.view", _("查询与回放")),
            ("videos.download", _("下载")),
            ("videos.share", _("把单个录像共享给他人")),
            ("videos.evidence", _("验证与导出证据包")),
            ("videos.rebuild", _("异常重建")),
            ("videos.keep", _("保管期限与法定保留")),
        ),
    ),
    Menu(
        "qc",
        _("质检管理"),
        (
            ("qc.review", _("质检复核")),
            ("qc.view", _("查询")),
            ("qc.manage", _("抽检方案、评分表与改派")),
        ),
    ),
    Menu(
        "seats",
        _("坐席管理"),
        (
            ("seats.view", _("查询")),
            ("seats.manage", _("维护")),
            ("seats.supervise", _("旁听与加入通话")),
        ),
    ),
    Menu("dispatch", _("分案规则"), (("dispatch.view", _("查询")), ("dispatch.manage", _("维护")))),
    Menu("channels", _("渠道管理"), (("channels.view", _("查询")), ("channels.manage", _("维护")))),
    Menu("scripts", _("话术管理"), (("scripts.view", _("查询")), ("scripts.manage", _("维护")))),
    Menu("media", _("营销管理"), (("media.view", _("查询")), ("media.manage", _("维护")))),
    Menu("accounts", _("权限管理"), (("accounts.view", _("查询")), ("accounts.manage", _("维护")))),
    Menu(
        "parameters",
        _("参数设置"),
        (("parameters.view", _("查询")), ("parameters.manage", _("维护"))),
    ),
    Menu(
        "reports",
        _("统计分析"),
        (("reports.view", _("查询与导出")), ("reports.personal", _("导出含姓名与合同号"))),
    ),
    Menu("audit", _("操作日志"), (("audit.view", _("查询")),)),
    Menu(
        "operations",
        _("系统运行"),
        (("operations.view", _("查看")), ("operations.manage", _("维护"))),
    ),
)

WORKBENCH = "workbench.use"
# Who interviews must not judge interviews, take recordings away or decide how long they are kept.
INCOMPATIBLE: tuple[tuple[str, str], ...] = (
    (WORKBENCH, "qc.review"),
    (WORKBENCH, "videos.download"),
    (WORKBENCH, "videos.share"),
    (WORKBENCH, "videos.keep"),
)


def label_of(operation: str) -> str:
    """ "视频管理 · 下载"; the code itself for one that is no more."""
    for menu in MENUS:
        for code, label in menu.operations:
            if code == operation:
                return f"{menu.label} · {label}"
    return operation


ALL_OPERATIONS = frozenset(code for menu in MENUS for code, _label in menu.operations)
