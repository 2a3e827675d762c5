"""The first page after logging in, and the pages of refusals."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors import may


@dataclass(frozen=True, slots=True)
class Door:
    operation: str
    url: str
    label: str | Promise
    about: str | Promise


DOORS = (
    Door("workbench.use", "/workbench/", _("视频坐席工作台"), _("签入、接听、双录、提交处理意见")),
    Door("videos.view", "/recordings/", _("视频管理"), _("查询面谈、回放录像、查看标签与照片")),
    Door("qc.view", "/admin/qc/qcreview/", _("质检管理"), _("存疑案件复核")),
    Door("seats.view", "/admin/seats/seat/", _("坐席管理"), _("启用停用、工作时间、预约")),
    Door("dispatch.view", "/admin/queueing/dispatchrule/", _("分案规则"), _("谁来接待谁")),
    Door("channels.view", "/admin/channels_admin/channel/", _("渠道管理"), _("准入渠道与限制")),
    Door("scripts.view", "/admin/scripts_mgmt/script/", _("话术管理"), _("标准话术与步骤")),
    Door("media.view", "/admin/marketing_media/mediaitem/", _("营销管理"), _("风险提示与宣传素材")),
    Door("accounts.view", "/admin/accounts/user/", _("权限管理"), _("用户、角色与机构")),
    Door("parameters.view", "/admin/parameters/parameter/", _("参数设置"), _("时限、次数与时段")),
    Door("audit.view", "/admin/audit/auditentry/", _("操作日志"), _("每一步操作留痕")),
    Door("operations.view", "/admin/", _("系统运行"), _("媒体节点、消息、信贷案件")),
)


def doors_of(user: User) -> list[Door]:
    return [door for door in DOORS if may(user, door.operation)]


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """By role: a seat goes straight to the workbench, others see their modules."""
    user = request.user
    assert isinstance(user, User)  # noqa: S101 - login_required
    doors = doors_of(user)
    if len(doors) == 1 or (doors and doors[0].operation == "workbench.use" and len(doors) <= 2):
        return redirect(doors[0].url)
    return render(request, "ui/home.html", {"doors": doors, "bank_name": settings.BANK_NAME})


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return render(request, "ui/refused.html", {"bank_name": settings.BANK_NAME}, status=403)
