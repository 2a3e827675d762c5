"""Why the line refuses."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class AlertRuleInvalid(DomainError):
    """facts: what, least, most."""

    code = "alert_rule_invalid"
    status = 400
    message = _("数值须在 {least} 至 {most} 之间。")

    @property
    def text(self) -> str:
        return str(self.message).format(**self.facts)


class AlertRuleChanged(DomainError):
    code = "alert_rule_changed"
    message = _("该规则已被他人修改，请按最新内容再改。")


class AlertOver(DomainError):
    code = "alert_over"
    message = _("该告警已恢复。")


class OfferGone(DomainError):
    """Too late, taken by another, or not this seat's."""

    code = "offer_gone"
    message = _("该呼叫已被接起或已失效。")


class NotTransferable(DomainError):
    """WB-2: only before the call is connected, and only one's own case."""

    code = "not_transferable"
    message = _("该案件已接通或不由您接待，不能转出。")


class NobodyFree(DomainError):
    code = "nobody_free"
    message = _("该时段没有其他空闲坐席，请继续接待。")


class SeatNotReady(DomainError):
    code = "seat_not_ready"
    message = _("所选坐席已不空闲，请另选。")


class RulesInvalid(DomainError):
    """facts.problems: [{rule: index or None, text}]; facts.first is the first text."""

    code = "rules_invalid"
    status = 400
    message = _("{first}")


class DraftChanged(DomainError):
    """Two people write the same draft: the later one looks first."""

    code = "draft_changed"
    message = _("草稿已被他人修改，请刷新后再试。")


class NoDraft(DomainError):
    code = "no_draft"
    message = _("没有可发布的草稿。")


class SameRules(DomainError):
    code = "same_rules"
    message = _("草稿与生效版相同，无需发布。")


class TrialGone(DomainError):
    code = "trial_gone"
    message = _("试算已中断，请重新试算。")
