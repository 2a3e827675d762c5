"""Dispatch rules as a supervisor writes them: typed conditions, steps that widen (DSP-1). Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pydantic import BaseModel, ConfigDict, Field, model_validator

from .states import Strategy

MAX_RULES = 40
MAX_STEPS = 4
SEP = "、"  # data: the comma of an enumeration


class Kind(StrEnum):
    """How the values of an attribute are given."""

    CHOICE = "choice"
    REGION = "region"
    NUMBER = "number"
    FLAG = "flag"


class Attribute(TextChoices):
    """What a rule can ask about: everything DSP-1 names, and the product and the channel."""

    GENDER = "gender", gettext_lazy("性别")
    AGE = "age", gettext_lazy("年龄")
    DOMICILE = "domicile", gettext_lazy("户籍")
    CUSTOMER_TYPE = "customer_type", gettext_lazy("客户类型")
    PROPERTY_REGION = "property_region", gettext_lazy("房屋属地")
    DESIGNATED = "designated", gettext_lazy("已指派坐席")
    QUEUE_LENGTH = "queue_length", gettext_lazy("排队人数")
    SEAT_CAPACITY = "seat_capacity", gettext_lazy("坐席剩余处理能力")
    PRODUCT = "product", gettext_lazy("产品")
    CHANNEL = "channel", gettext_lazy("渠道")


class Op(TextChoices):
    IN = "in", gettext_lazy("是")
    NOT_IN = "not_in", gettext_lazy("不是")
    AT_LEAST = "at_least", gettext_lazy("不少于")
    LESS_THAN = "less_than", gettext_lazy("少于")
    IS = "is", gettext_lazy("为")


@dataclass(frozen=True, slots=True)
class AttributeType:
    kind: Kind
    unit: str | Promise = ""
    least: int = 0
    most: int = 0
    choices: tuple[tuple[str, str | Promise], ...] = ()

    @property
    def ops(self) -> tuple[Op, ...]:
        if self.kind is Kind.NUMBER:
            return (Op.AT_LEAST, Op.LESS_THAN)
        return (Op.IS,) if self.kind is Kind.FLAG else (Op.IN, Op.NOT_IN)


TYPES: dict[Attribute, AttributeType] = {
    Attribute.GENDER: AttributeType(
        Kind.CHOICE, choices=(("male", gettext_lazy("男")), ("female", gettext_lazy("女")))
    ),
    Attribute.AGE: AttributeType(Kind.NUMBER, gettext_lazy("岁"), 0, 150),
    Attribute.DOMICILE: AttributeType(Kind.REGION),
    Attribute.CUSTOMER_TYPE: AttributeType(
        Kind.CHOICE,
        choices=(
            ("ordinary", gettext_lazy("普通")),
            ("good", gettext_lazy("优质")),
            ("vip", gettext_lazy("VIP")),
            ("whitelist", gettext_lazy("白名单")),
        ),
    ),
    Attribute.PROPERTY_REGION: AttributeType(Kind.REGION),
    Attribute.DESIGNATED: AttributeType(Kind.FLAG),
    Attribute.QUEUE_LENGTH: AttributeType(Kind.NUMBER, gettext_lazy("人"), 0, 1000),
    Attribute.SEAT_CAPACITY: AttributeType(Kind.NUMBER, gettext_lazy("件"), 0, 200),
    Attribute.PRODUCT: AttributeType(Kind.CHOICE),  # which there are is asked of the tables
    Attribute.CHANNEL: AttributeType(Kind.CHOICE),
}
# Asked of a seat, not of the customer: it narrows the seats of a rule that fits.
OF_SEAT = frozenset({Attribute.SEAT_CAPACITY})
# Read out of the caller's ID number, which is decrypted only when a rule asks.
PERSONAL = frozenset({Attribute.GENDER, Attribute.AGE, Attribute.DOMICILE})


class Scope(TextChoices):
    """Among which seats a step looks."""

    DESIGNATED = "designated", gettext_lazy("指派的坐席")
    SERVED = "served", gettext_lazy("接待过该客户的坐席")
    INSTITUTION = "institution", gettext_lazy("渠道所属机构的坐席")
    SEATS = "seats", gettext_lazy("指定的坐席")
    ALL = "all", gettext_lazy("全部示闲坐席")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Condition(_Frozen):
    """`values` of a choice or of regions (GB/T 2260, 6 digits); `number` of a number or a flag."""

    attribute: Attribute
    op: Op
    values: tuple[str, ...] = Field(default=(), max_length=200)
    number: int | None = None

    @model_validator(mode="after")
    def _typed(self) -> Self:
        of = TYPES[self.attribute]
        name = self.attribute.label
        if self.op not in of.ops:
            raise ValueError(_("“{name}”不能这样比较。").format(name=name))
        if of.kind in (Kind.CHOICE, Kind.REGION):
            if not self.values or self.number is not None:
                raise ValueError(_("请为“{name}”选择至少一项。").format(name=name))
            if of.choices and not set(self.values) <= {value for value, _label in of.choices}:
                raise ValueError(_("“{name}”没有这个选项。").format(name=name))
            if of.kind is Kind.REGION and not all(
                len(value) == 6 and value.isdecimal() for value in self.values
            ):
                raise ValueError(_("“{name}”须为行政区划代码。").format(name=name))
        elif self.values or self.number is None:
            raise ValueError(_("请为“{name}”填写数值。").format(name=name))
        elif of.kind is Kind.NUMBER and not of.least <= self.number <= of.most:
            raise ValueError(
                _("“{name}”应在 {least} 到 {most} 之间。").format(
                    name=name, least=of.least, most=of.most
                )
            )
        elif of.kind is Kind.FLAG and self.number not in (0, 1):
            raise ValueError(_("“{name}”只能为是或否。").format(name=name))
        return self


class Step(_Frozen):
    """Where to look, whom to take, and after how many seconds the next step is looked at too."""

    scope: Scope
    strategy: Strategy
    wait_s: int = Field(default=0, ge=0, le=7200)
    within_days: int = Field(default=90, ge=1, le=3650)
    seats: tuple[int, ...] = Field(default=(), max_length=500)

    @model_validator(mode="after")
    def _named(self) -> Self:
        if (self.scope is Scope.SEATS) != bool(self.seats):
            raise ValueError(_("“指定的坐席”须选择至少一位，其他范围不选。"))
        return self


class Rule(_Frozen):
    """When all conditions hold, its steps choose; `priority` is added to the customer's place."""

    key: str = Field(pattern=r"^[a-z0-9-]{1,40}$")
    name: str = Field(min_length=1, max_length=30)
    enabled: bool = True
    conditions: tuple[Condition, ...] = Field(default=(), max_length=12)
    steps: tuple[Step, ...] = Field(min_length=1, max_length=MAX_STEPS)
    priority: int = Field(default=0, ge=0, le=9)

    @model_validator(mode="after")
    def _widens(self) -> Self:
        if any(step.wait_s == 0 for step in self.steps[:-1]):
            raise ValueError(_("放宽之前的等待须大于 0 秒。"))
        return self

    def open_steps(self, waited_s: float) -> tuple[list[Step], int | None]:
        """The steps open to somebody who waited so long, and at which wait the next one opens."""
        opens_at = 0
        steps: list[Step] = []
        for step in self.steps:
            if waited_s < opens_at:
                return steps, opens_at
            steps.append(step)
            opens_at += step.wait_s
        return steps, None


class Policy(_Frozen):
    """分案规则 of one version: the first rule that fits counts; who fits none goes at random.

    Every `ageing_s` seconds of waiting add one to the priority; 0 never does.
    """

    rules: tuple[Rule, ...] = Field(default=(), max_length=MAX_RULES)
    ageing_s: int = Field(default=300, ge=0, le=7200)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        keys = [rule.key for rule in self.rules]
        if len(set(keys)) != len(keys):
            raise ValueError(_("规则编号重复。"))
        return self

    def asks(self, attributes: frozenset[Attribute]) -> bool:
        """Whether any rule in use asks about one of them."""
        return any(
            condition.attribute in attributes
            for rule in self.rules
            if rule.enabled
            for condition in rule.conditions
        )

    def looks_back(self) -> bool:
        """Whether any rule in use asks whom the customer has spoken with before."""
        return any(
            step.scope is Scope.SERVED or step.strategy is Strategy.LAST_SERVED
            for step in self._steps()
        )

    def looks_at_institutions(self) -> bool:
        return any(step.scope is Scope.INSTITUTION for step in self._steps())

    def _steps(self) -> Iterator[Step]:
        return (step for rule in self.rules if rule.enabled for step in rule.steps)


DEFAULT = Policy()


@dataclass(frozen=True, slots=True)
class Names:
    """What codes are called, for sentences."""

    seats: Mapping[int, str]
    region: Callable[[str], str]
    products: Mapping[str, str]
    channels: Mapping[str, str]

    def value(self, attribute: Attribute, value: str) -> str:
        of = TYPES[attribute]
        if of.kind is Kind.REGION:
            return self.region(value)
        if attribute is Attribute.PRODUCT:
            return self.products.get(value, value)
        if attribute is Attribute.CHANNEL:
            return self.channels.get(value, value)
        return str(dict(of.choices).get(value, value))


def condition_text(condition: Condition, names: Names) -> str:
    """房屋属地是浙江省、江苏省之一"""
    attribute, of = condition.attribute, TYPES[condition.attribute]
    if of.kind is Kind.FLAG:
        yes = _("已指派坐席")
        return yes if condition.number else _("未指派坐席")
    if of.kind is Kind.NUMBER:
        return f"{attribute.label}{condition.op.label} {condition.number} {of.unit}"
    values = SEP.join(names.value(attribute, value) for value in condition.values)
    if condition.op is Op.NOT_IN:
        return _("{name}不是{values}").format(name=attribute.label, values=values)
    if len(condition.values) == 1:
        return _("{name}是{values}").format(name=attribute.label, values=values)
    return _("{name}是{values}之一").format(name=attribute.label, values=values)


def scope_text(step: Step, names: Names) -> str:
    if step.scope is Scope.SERVED:
        return _("{days} 天内接待过该客户的坐席").format(days=step.within_days)
    if step.scope is Scope.SEATS:
        return SEP.join(names.seats.get(seat, str(seat)) for seat in step.seats)
    return str(step.scope.label)


def strategy_text(step: Step) -> str:
    if step.strategy is Strategy.LAST_SERVED and step.scope is Scope.SERVED:
        return _("最近接待过的优先")
    if step.strategy is Strategy.LAST_SERVED:
        return _("{days} 天内最近接待过的优先").format(days=step.within_days)
    return str(step.strategy.label)


def sentence(rule: Rule, names: Names) -> str:
    """The rule as a person says it."""
    when = _("，且").join(condition_text(each, names) for each in rule.conditions)
    said = [_("当{when}时").format(when=when) if when else _("所有来电")]
    for number, step in enumerate(rule.steps):
        to = _("{scope}中{strategy}").format(
            scope=scope_text(step, names), strategy=strategy_text(step)
        )
        if number == 0:
            said.append(_("，先找{to}").format(to=to))
        else:
            said.append(
                _("；{wait} 秒没有，再找{to}").format(wait=rule.steps[number - 1].wait_s, to=to)
            )
    if rule.priority:
        said.append(_("；优先级加 {points}").format(points=rule.priority))
    return "".join(said) + "。"  # data


def warnings_of(policy: Policy, names: Names) -> list[dict[str, str]]:
    """What is allowed and yet should be looked at: {rule, text}, in order."""
    found: list[dict[str, str]] = []

    def tell(rule: Rule, text: str) -> None:
        found.append({"rule": rule.key, "text": text})

    catch_all = ""
    for rule in policy.rules:
        if not rule.enabled:
            continue
        if catch_all:
            tell(rule, _("前面的“{name}”没有条件，本规则不会用到。").format(name=catch_all))
        if all(condition.attribute in OF_SEAT for condition in rule.conditions):
            catch_all = catch_all or rule.name
        if rule.steps[-1].scope is not Scope.ALL:
            tell(rule, _("最后一步不是全部坐席：限定的坐席都不在时，客户会一直等待。"))
        if any(condition.attribute in OF_SEAT for condition in rule.conditions):
            tell(rule, _("限定了坐席剩余处理能力：都已用完时，客户会等到次日。"))
    return found


def explain_errors(errors: list[Any]) -> list[dict[str, Any]]:
    """Pydantic's findings as {rule: index or None, text}."""
    found = []
    for error in errors:
        place = error["loc"]
        rule = place[1] if len(place) > 1 and place[0] == "rules" else None
        text = error["msg"].removeprefix("Value error, ")
        if error["type"] != "value_error":
            text = _("有一处内容不完整或超出范围：{place}").format(
                place=".".join(str(part) for part in place)
            )
        found.append({"rule": rule, "text": text})
    return found
