"""The modules of the system and who may enter them: the first page and the bar of every page."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.selectors import operations_of


@dataclass(frozen=True, slots=True)
class Door:
    operation: str
    url: str
    label: str | Promise
    about: str | Promise


DOORS = (
    Door("workbench.use", "/workbench/", _("视频坐席工作台"), _("签入、接听、双录、提交处理意见")),
    Door("videos.view", "/recordings/", _("视频管理"), _("查询面谈、回放录像、查看标签与照片")),
    Door("qc.view", "/qc/", _("质检管理"), _("存疑案件复核")),
    Door("dispatch.view", "/wallboard/", _("运行看板"), _("排队、坐席、进行中的面谈、告警、报表")),
    Door(
        "reports.view", "/analytics/", _("统计分析"), _("面谈量、时长、等待、结论、网络质量，导出")
    ),
    Door("seats.view", "/seats/", _("坐席管理"), _("启用停用、工作时间、预约")),
    Door("dispatch.view", "/dispatch/", _("分案规则"), _("谁来接待谁")),
    Door("channels.view", "/admin/channels_admin/channel/", _("渠道管理"), _("准入渠道与限制")),
    Door("scripts.view", "/admin/scripts_mgmt/script/", _("话术管理"), _("标准话术与步骤")),
    Door("media.view", "/admin/marketing_media/mediaitem/", _("营销管理"), _("风险提示与宣传素材")),
    Door("accounts.view", "/admin/accounts/user/", _("权限管理"), _("用户、角色与机构")),
    Door("parameters.view", "/admin/parameters/parameter/", _("参数设置"), _("时限、次数与时段")),
    Door("audit.view", "/admin/audit/auditentry/", _("操作日志"), _("每一步操作留痕")),
    Door("operations.view", "/bridge/", _("系统对接"), _("待投递与搁置的消息、每日对账")),
    Door("operations.view", "/admin/", _("系统运行"), _("媒体节点、消息、信贷案件")),
)


def doors_of(user: User) -> list[Door]:
    """One query, however many doors there are."""
    opened = operations_of(user)
    return [door for door in DOORS if door.operation in opened]
