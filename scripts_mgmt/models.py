"""话术: what the seat reads out, for which channel, product and business type (SCR-1)."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Script(models.Model):
    """An empty code means: any. The most specific enabled script wins; else the default."""

    title = models.CharField(_("话术名称"), max_length=80)
    channel_code = models.CharField(_("渠道代码"), max_length=40, blank=True)
    channel_name = models.CharField(_("渠道名称"), max_length=80, blank=True)
    product_code = models.CharField(_("产品代码"), max_length=40, blank=True)
    product_name = models.CharField(_("产品名称"), max_length=80, blank=True)
    business_type = models.CharField(_("业务种类"), max_length=40, blank=True)
    enabled = models.BooleanField(_("启用"), default=True)
    is_default = models.BooleanField(_("默认话术"), default=False)
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("话术")
        constraints = [
            models.UniqueConstraint(
                fields=["channel_code", "product_code", "business_type"],
                condition=models.Q(enabled=True, is_default=False),
                name="script_one_per_match",
            ),
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(is_default=True, enabled=True),
                name="script_one_default",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class StepKind(models.TextChoices):
    READ = "read", _("坐席读")
    ANSWER = "answer", _("客户答")
    SNAPSHOT = "snapshot", _("抓拍")
    PLAY = "play", _("播放")
    SHOW = "show", _("展示")


class ScriptStep(models.Model):
    script = models.ForeignKey(Script, on_delete=models.CASCADE, related_name="steps")
    order = models.PositiveIntegerField(_("顺序"))
    title = models.CharField(_("步骤"), max_length=60)
    kind = models.CharField(
        _("类别"), max_length=10, choices=StepKind.choices, default=StepKind.READ
    )
    text = models.TextField(_("话术内容"))
    required = models.BooleanField(_("必做"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("话术步骤")
        ordering = ["script", "order"]
        constraints = [
            models.UniqueConstraint(fields=["script", "order"], name="script_step_order")
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.title}"
