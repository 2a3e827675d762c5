"""What was set, for everybody or for one channel or product. No row means the default."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from .definitions import DEFINITIONS


class Scope(models.TextChoices):
    """The narrower one wins."""

    GLOBAL = "global", _("全局")
    CHANNEL = "channel", _("渠道")
    PRODUCT = "product", _("产品")


class Parameter(models.Model):
    key = models.CharField(
        _("参数"), max_length=40, choices=[(d.key, d.label) for d in DEFINITIONS.values()]
    )
    scope = models.CharField(_("范围"), max_length=8, choices=Scope.choices, default=Scope.GLOBAL)
    code = models.CharField(_("渠道或产品代码"), max_length=40, blank=True)
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
        return f"{self.get_key_display()} {self.value}"

    def clean(self) -> None:
        definition = DEFINITIONS.get(self.key)
        if definition is None or self.value is None:
            return
        if not definition.least <= self.value <= definition.most:
            raise ValidationError(
                {
                    "value": _("应在 {least} 到 {most} {unit}之间。").format(
                        least=definition.least, most=definition.most, unit=definition.unit
                    )
                }
            )
        if (self.scope == Scope.GLOBAL) != (not self.code):
            raise ValidationError({"code": _("全局参数不填代码；渠道或产品参数必须填写代码。")})
