"""质检: reviews of doubtful and of sampled calls (QC-1, QC-2)."""

import secrets

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .states import ReviewOrigin, ReviewState


def new_seed() -> str:
    return secrets.token_hex(16)


class SamplingPlan(models.Model):
    """抽检方案: which passes are checked, and how many of them."""

    name = models.CharField(_("方案名称"), max_length=60, unique=True)
    percent = models.DecimalField(
        _("抽检比例（%）"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    seat_no = models.CharField(_("限坐席工号"), max_length=20, blank=True)
    product_code = models.CharField(_("限产品代码"), max_length=40, blank=True)
    new_seat_days = models.PositiveSmallIntegerField(
        _("限新坐席（首次面谈后天数）"),
        null=True,
        blank=True,
        help_text=_("留空为不限；填 30 即只抽首次面谈后 30 天内的坐席。"),
    )
    min_risk_tags = models.PositiveSmallIntegerField(
        _("限风险（风险类标签数不少于）"),
        null=True,
        blank=True,
        help_text=_("留空为不限；填 1 即只抽坐席标过风险或疑点、仍给通过的面谈。"),
    )
    is_enabled = models.BooleanField(_("启用"), default=True)
    seed = models.CharField(_("种子"), max_length=40, default=new_seed, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now, editable=False)
    enabled_at = models.DateTimeField(_("重新启用时间"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("抽检方案")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class SamplingRun(models.Model):
    """One day's sample of a plan, with the rule as it was: what an auditor derives it from."""

    plan = models.ForeignKey(SamplingPlan, verbose_name=_("方案"), on_delete=models.PROTECT)
    day = models.DateField(_("面谈结论日期"))
    rule = models.JSONField(_("当时的规则"))
    population = models.PositiveIntegerField(_("通过案件数"))
    chosen = models.PositiveIntegerField(_("抽中数"))
    drawn_at = models.DateTimeField(_("抽样时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("抽检记录")
        ordering = ["-day", "plan_id"]
        constraints = [models.UniqueConstraint(fields=["plan", "day"], name="sampling_once_a_day")]

    def __str__(self) -> str:
        return f"{self.plan_id} {self.day}"


class ScoreForm(models.Model):
    """评分表: a version never changes once it was used; another is made instead."""

    title = models.CharField(_("名称"), max_length=60)
    version = models.PositiveSmallIntegerField(_("版本"), default=1)
    is_current = models.BooleanField(_("使用中"), default=False)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("评分表")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["title", "version"], name="score_form_version"),
            models.UniqueConstraint(
                fields=["is_current"], condition=Q(is_current=True), name="score_form_one_current"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} v{self.version}"


class ScoreItem(models.Model):
    form = models.ForeignKey(ScoreForm, on_delete=models.CASCADE, related_name="items")
    order = models.PositiveSmallIntegerField(_("序号"), default=1)
    text = models.CharField(_("评分项"), max_length=120)
    weight = models.PositiveSmallIntegerField(_("权重"), default=10)
    is_fatal = models.BooleanField(_("致命项"), default=False, help_text=_("未达到则总分为 0。"))

    class Meta:
        verbose_name = verbose_name_plural = _("评分项")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.text


class ReasonList(models.Model):
    """拒件原因 as the credit system last told them; one row. QC goes on while the bank is away."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    reasons = ArrayField(models.CharField(max_length=120))
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_reason_list")]

    def __str__(self) -> str:
        return "、".join(self.reasons)


class SeatDefect(models.Model):
    """抽检问题: what a sampled pass may be found wanting in; the seat's faults, not the customer's."""

    text = models.CharField(_("问题"), max_length=120, unique=True)
    order = models.PositiveSmallIntegerField(_("序号"), default=100)
    is_enabled = models.BooleanField(_("启用"), default=True)

    class Meta:
        verbose_name = verbose_name_plural = _("抽检问题")
        ordering = ["order", "pk"]

    def __str__(self) -> str:
        return self.text


class QcReview(models.Model):
    call = models.OneToOneField(
        "interviews.Call",
        verbose_name=_("通话"),
        on_delete=models.PROTECT,
        related_name="qc_review",
    )
    origin = models.CharField(
        _("来源"), max_length=10, choices=ReviewOrigin.choices, default=ReviewOrigin.DOUBT
    )
    sampling_run = models.ForeignKey(
        SamplingRun, null=True, blank=True, editable=False, on_delete=models.PROTECT
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN
    )
    is_urgent = models.BooleanField(_("加急"), default=False)
    doubt = models.CharField(_("存疑说明"), max_length=500, blank=True)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("复核岗"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    reasons = ArrayField(
        models.CharField(max_length=120), verbose_name=_("拒件原因"), default=list, blank=True
    )
    note = models.CharField(_("复核意见"), max_length=500, blank=True)
    score_form = models.ForeignKey(
        ScoreForm, verbose_name=_("评分表"), null=True, blank=True, on_delete=models.PROTECT
    )
    met_items = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)
    points = models.PositiveSmallIntegerField(_("得分"), null=True, blank=True)
    seat_comment = models.CharField(_("坐席说明"), max_length=500, blank=True)
    opened_at = models.DateTimeField(_("进入质检时间"), default=timezone.now)
    claimed_at = models.DateTimeField(_("认领时间"), null=True, blank=True)
    decided_at = models.DateTimeField(_("结论时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("质检复核")
        ordering = ["-is_urgent", "opened_at"]
        indexes = [
            models.Index(fields=["state", "opened_at"]),
            models.Index(
                fields=["-decided_at", "-id"],
                name="review_decided",
                condition=Q(decided_at__isnull=False),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=ReviewState.values), name="review_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.call_id} {self.state}"

    @property
    def review_state(self) -> ReviewState:
        return ReviewState(self.state)

    def given(self) -> set[int]:
        """The score items that were met."""
        return set(self.met_items)


class SecondOpinion(models.Model):
    """复评: another reviewer decides the same case without knowing what was decided.

    It changes neither the case nor the first decision; it measures how far reviewers agree.
    """

    review = models.OneToOneField(
        QcReview, verbose_name=_("质检"), on_delete=models.PROTECT, related_name="second"
    )
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("复评人"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
    )
    # What it was drawn by: percent and seed, so that the draw can be derived again.
    percent = models.DecimalField(_("抽取比例（%）"), max_digits=5, decimal_places=2)
    seed = models.CharField(_("种子"), max_length=40)
    asked_by = models.CharField(_("发起人"), max_length=60)
    asked_at = models.DateTimeField(_("发起时间"), default=timezone.now)
    taken_at = models.DateTimeField(_("领取时间"), null=True, blank=True)
    move = models.CharField(_("复评意见"), max_length=10, blank=True)
    reasons = ArrayField(models.CharField(max_length=120), default=list, blank=True)
    note = models.CharField(_("复评说明"), max_length=500, blank=True)
    met_items = ArrayField(models.BigIntegerField(), default=list, blank=True, editable=False)
    points = models.PositiveSmallIntegerField(_("得分"), null=True, blank=True)
    decided_at = models.DateTimeField(_("复评时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("复评")
        ordering = ["asked_at", "pk"]
        indexes = [
            models.Index(
                fields=["asked_at"], name="second_open", condition=Q(decided_at__isnull=True)
            ),
            models.Index(
                fields=["-decided_at"],
                name="second_decided",
                condition=Q(decided_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.review_id)


class CoachingClip(models.Model):
    """辅导片段: a stretch of an interview to learn from, for the supervisor and the seat."""

    review = models.ForeignKey(QcReview, on_delete=models.PROTECT, related_name="clips")
    call = models.ForeignKey(
        "interviews.Call", on_delete=models.PROTECT, related_name="coaching_clips"
    )
    from_ms = models.PositiveBigIntegerField(_("自（毫秒）"))
    to_ms = models.PositiveBigIntegerField(_("至（毫秒）"))
    title = models.CharField(_("要点"), max_length=80)
    note = models.CharField(_("说明"), max_length=500, blank=True)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+"
    )
    made_at = models.DateTimeField(_("制作时间"), default=timezone.now)
    coached_at = models.DateTimeField(_("辅导时间"), null=True, blank=True)
    coached_by = models.CharField(_("辅导人"), max_length=60, blank=True)
    seen_at = models.DateTimeField(_("坐席已看"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("辅导片段")
        ordering = ["-made_at", "-pk"]
        indexes = [models.Index(fields=["-made_at", "-id"], name="clip_made")]
        constraints = [
            models.CheckConstraint(
                condition=Q(to_ms__gt=models.F("from_ms")), name="clip_ends_after_start"
            )
        ]

    def __str__(self) -> str:
        return self.title
