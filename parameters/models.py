"""What was set, for everybody or for one channel, product or seat. No row means the default."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .definitions import DEFINITIONS


class Scope(models.TextChoices):
    """The narrower one wins."""

    GLOBAL = "global", _("全局")
    CHANNEL = "channel", _("渠道")
    PRODUCT = "product", _("产品")
    SEAT = "seat", _("坐席")


class Parameter(models.Model):
    # Which keys there are is said in definitions.py alone: a new one needs no migration.
    key = models.CharField(_("参数"), max_length=40)
    scope = models.CharField(_("范围"), max_length=8, choices=Scope.choices, default=Scope.GLOBAL)
    code = models.CharField(_("渠道、产品代码或坐席工号"), max_length=40, blank=True)
    value = models.IntegerField(_("值"))
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = _("参数")
        ordering = ["key", "scope", "code"]
        constraints = [
            models.UniqueConstraint(fields=["key", "scope", "code"], name="parameter_once"),
            models.CheckConstraint(
                condition=(models.Q(scope="global") & models.Q(code=""))
                | (~models.Q(scope="global") & ~models.Q(code="")),
                name="parameter_code_when_scoped",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.value}"

    def clean(self) -> None:
        definition = DEFINITIONS.get(self.key)
        if definition is None:
            raise ValidationError({"key": _("没有此参数。")})
        if not definition.allows(self.value):
            raise ValidationError(
                {
                    "value": _("应在 {least} 到 {most} {unit}之间。").format(
                        least=definition.least, most=definition.most, unit=definition.unit
                    )
                }
            )
        if self.scope not in definition.scopes:
            raise ValidationError({"scope": _("此参数不能在该范围设置。")})
        if (self.scope == Scope.GLOBAL) != (not self.code):
            raise ValidationError({"code": _("全局参数不填代码；其他范围必须填写代码。")})


class ParameterChange(models.Model):
    """One row per change, never edited: what it was, what it became. None: not set there."""

    key = models.CharField(max_length=40)
    scope = models.CharField(max_length=8, choices=Scope.choices)
    code = models.CharField(max_length=40, blank=True)
    before = models.IntegerField(null=True)
    after = models.IntegerField(null=True)
    changed_by = models.CharField(_("操作人"), max_length=40)
    note = models.CharField(_("原因"), max_length=200, blank=True)
    changed_at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("参数变更")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["key", "-id"]), models.Index(fields=["changed_at"])]

    def __str__(self) -> str:
        return f"{self.key} {self.before}→{self.after}"
