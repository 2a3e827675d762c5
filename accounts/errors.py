"""Refusals of managing people (ACC-1, ACC-2)."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class OwnAccount(DomainError):
    code = "own_account"
    message = _("不能停用、删除自己，也不能修改自己的角色，请由其他管理员操作。")


class WiderLogin(DomainError):
    code = "wider_login"
    status = 403
    message = _("其角色超出您可授予的范围，请由上级管理员操作。")


class IncompatibleDuties(DomainError):
    """facts: first, second - the labels of the two operations."""

    code = "incompatible_duties"
    message = _("“{first}”与“{second}”不得由同一人承担。")


class StaffNoTaken(DomainError):
    """facts: staff_no. A deleted person's number stays taken: history refers to it."""

    code = "staff_no_taken"
    message = _("工号 {staff_no} 已存在（含已删除的用户）。")


class RowRefused(DomainError):
    """facts: number - of the row in the file; reason."""

    code = "row_refused"
    message = _("第 {number} 行：{reason}没有导入任何一行。")


class RoleInUse(DomainError):
    code = "role_in_use"
    message = _("还有 {count} 个用户持有该角色，不能删除。")


class LastAdministrator(DomainError):
    code = "last_administrator"
    message = _("至少要保留一个启用的、可维护权限的用户。")


class SecondFactorDemanded(DomainError):
    code = "second_factor_demanded"
    message = _("您的角色要求二次验证，不能关闭；更换手机请重新绑定。")


class OwnChange(DomainError):
    code = "own_change"
    status = 403
    message = _("不能复核自己提交的变更，请由另一人复核。")


class AlreadyDecided(DomainError):
    code = "already_decided"
    message = _("该变更已处理。")


class DailyLimit(DomainError):
    """facts: most, parameter."""

    code = "daily_limit"
    status = 429
    message = _("今天已达上限 {most} 次，请明天再来；确有需要，请主管调整参数“{parameter}”。")
