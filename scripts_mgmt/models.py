"""话术: what the seat reads out, for which channel, product and business type (SCR-1)."""

import uuid

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .variables import unknown_in


class Script(models.Model):
    """One version of a script. An empty code means: any.

    Of the enabled versions with the same codes the one that took effect last is in force. A version
    that was ever enabled is not edited any more: recordings tell what was read. The next version is
    a copy.
    """

    title = models.CharField(_("话术名称"), max_length=80)
    channel_code = models.CharField(_("渠道代码"), max_length=40, blank=True)
    channel_name = models.CharField(_("渠道名称"), max_length=80, blank=True)
    product_code = models.CharField(_("产品代码"), max_length=40, blank=True)
    product_name = models.CharField(_("产品名称"), max_length=80, blank=True)
    business_type = models.CharField(_("业务种类"), max_length=40, blank=True)
    to_bring = models.TextField(
        _("请客户准备"),
        blank=True,
        help_text=_("面谈时要出示的证件和材料，每行一件，客户在检查、等待时看到。"),
    )
    enabled = models.BooleanField(_("启用"), default=True)
    is_default = models.BooleanField(
        _("默认话术"),
        default=False,
        help_text=_("没有更合适的话术时使用；默认话术不看渠道、产品和业务种类。"),
    )
    series = models.UUIDField(default=uuid.uuid4, editable=False)
    version = models.PositiveIntegerField(_("版本"), default=1, editable=False)
    effective_from = models.DateTimeField(
        _("生效时间"),
        default=timezone.now,
        help_text=_("启用后从此时起适用，直到同范围的下一版本生效。"),
    )
    published_at = models.DateTimeField(_("首次启用时间"), null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(_("更新时间"), auto_now=True)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("话术")
        ordering = ["-is_default", "title", "-version"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel_code", "product_code", "business_type", "effective_from"],
                condition=models.Q(enabled=True, is_default=False),
                name="script_one_per_match_and_time",
            ),
            models.UniqueConstraint(
                fields=["effective_from"],
                condition=models.Q(is_default=True, enabled=True),
                name="script_one_default_per_time",
            ),
            models.UniqueConstraint(fields=["series", "version"], name="script_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"

    @property
    def things_to_bring(self) -> list[str]:
        return [line.strip() for line in self.to_bring.splitlines() if line.strip()]

    @property
    def is_locked(self) -> bool:
        return self.enabled or self.published_at is not None


class StepKind(models.TextChoices):
    READ = "read", _("坐席读")
    ANSWER = "answer", _("客户答")
    SNAPSHOT = "snapshot", _("抓拍")
    PLAY = "play", _("播放")
    SHOW = "show", _("展示")


class GuideFrame(models.TextChoices):
    """The frame over the customer's own picture while the step runs."""

    FACE = "face", _("人脸框")
    DOCUMENT = "document", _("证件框")


class ScriptStep(models.Model):
    script = models.ForeignKey(Script, on_delete=models.CASCADE, related_name="steps")
    order = models.PositiveIntegerField(_("顺序"))
    title = models.CharField(_("步骤"), max_length=60)
    kind = models.CharField(
        _("类别"), max_length=10, choices=StepKind.choices, default=StepKind.READ
    )
    text = models.TextField(_("话术内容"))
    required = models.BooleanField(_("必做"), default=True)
    key_points = models.TextField(
        _("要点"), blank=True, help_text=_("坐席可见的提示，每行一条，不读给客户。")
    )
    guide = models.CharField(_("引导框"), max_length=10, choices=GuideFrame.choices, blank=True)
    card = models.BooleanField(
        _("确认卡"), default=False, help_text=_("本步向客户推送确认卡：金额、期限、利率。")
    )
    # Rosters do not know each other: a plain id; the page above offers the names.
    media_item_id = models.PositiveBigIntegerField(_("播放素材"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("话术步骤")
        ordering = ["script", "order"]
        constraints = [
            # Looked at when all is written: steps change places in one go.
            models.UniqueConstraint(
                fields=["script", "order"],
                name="script_step_order",
                deferrable=models.Deferrable.DEFERRED,
            )
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.title}"

    def clean(self) -> None:
        if unknown := unknown_in(self.text):
            names = "、".join(f"{{{name}}}" for name in unknown)
            raise ValidationError({"text": _("没有此变量：{names}").format(names=names)})

    @property
    def points(self) -> list[str]:
        return [line.strip() for line in self.key_points.splitlines() if line.strip()]
