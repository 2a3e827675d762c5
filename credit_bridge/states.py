"""Nodes of a loan and states of what is exchanged with the bank. Pure."""

from collections.abc import Mapping, Sequence

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Node(TextChoices):
    """CRD-1: the way of a loan."""

    APPLIED = "APPLIED", _("提交申请")
    FIRST_REVIEW = "FIRST_REVIEW", _("初审")
    HOME_VISIT = "HOME_VISIT", _("家访")
    INTERVIEW = "INTERVIEW", _("面谈")
    SIGNING = "SIGNING", _("面签")
    NOTARISED = "NOTARISED", _("公证")
    LIEN = "LIEN", _("已出他证")
    DISBURSED = "DISBURSED", _("放款")


NODES: tuple[Node, ...] = tuple(Node)


class AppNode(TextChoices):
    """MBK-1: the five nodes 手机银行 and 微信银行 have always shown."""

    APPLY = "APPLY", _("提交申请")
    APPROVE = "APPROVE", _("审批")
    SIGN = "SIGN", _("签约")
    MORTGAGE = "MORTGAGE", _("抵押登记")
    DISBURSE = "DISBURSE", _("放款")


# The new node and its states are folded into 审批: those apps show what they always showed.
FOLD: Mapping[Node, AppNode] = {
    Node.APPLIED: AppNode.APPLY,
    Node.FIRST_REVIEW: AppNode.APPROVE,
    Node.HOME_VISIT: AppNode.APPROVE,
    Node.INTERVIEW: AppNode.APPROVE,
    Node.SIGNING: AppNode.SIGN,
    Node.NOTARISED: AppNode.MORTGAGE,
    Node.LIEN: AppNode.MORTGAGE,
    Node.DISBURSED: AppNode.DISBURSE,
}


class StepState(TextChoices):
    DONE = "done", _("已完成")
    NOW = "now", _("进行中")
    NEXT = "next", _("未开始")


def step_states(current: Node) -> list[tuple[Node, StepState]]:
    """The eight nodes seen from the current one; a disbursed loan has nothing left to do."""
    place = NODES.index(current)
    over = current is Node.DISBURSED
    return [
        (
            node,
            StepState.DONE
            if at < place or (over and at == place)
            else StepState.NOW
            if at == place
            else StepState.NEXT,
        )
        for at, node in enumerate(NODES)
    ]


def folded(steps: Sequence[tuple[Node, StepState]]) -> list[tuple[AppNode, StepState]]:
    """Eight nodes as five (MBK-1): done when all of it is done, now when any of it is reached."""
    found: list[tuple[AppNode, StepState]] = []
    for app_node in AppNode:
        mine = {state for node, state in steps if FOLD[node] is app_node}
        if mine == {StepState.DONE}:
            state = StepState.DONE
        elif mine == {StepState.NEXT}:
            state = StepState.NEXT
        else:
            state = StepState.NOW
        found.append((app_node, state))
    return found


class ProposalState(TextChoices):
    OPEN = "OPEN", _("待确认")
    CONFIRMED = "CONFIRMED", _("已确认")
    REFUSED = "REFUSED", _("已改回原方案")
    REPLACED = "REPLACED", _("已被新方案取代")


class SmsState(TextChoices):
    SENT = "SENT", _("短信已发")
    FAILED = "FAILED", _("发送失败")


class InboxState(TextChoices):
    RUNNING = "running", _("处理中")
    DONE = "done", _("已处理")
