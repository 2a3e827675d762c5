"""Recordings: what became of a call's folder, and where its files are kept (STO-1)."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from .states import FINAL, ObjectKind, RetentionStart, Stage, TicketPurpose, Tier

# What can be wrong with a recording; few of very many, so that they have an index of their own.
TROUBLE = ~Q(stage__in=list(FINAL)) | (
    Q(stage__in=[Stage.STORED, Stage.EMPTY]) & (~Q(error="") | ~Q(damaged=[]) | ~Q(uncomposed=""))
)
# No rule keeps for a shorter time, and nothing is let go sooner after it was stored.
LEAST_MONTHS = 6
# `error` of one whose stored files include some that are no longer what arrived.
UNLIKE = "ChecksumMismatch"
# The same of one that was to be made anew and whose raw files could not be brought back.
UNRESTORED = "not restored"
# Something is left to do: a stage, or a rebuild somebody asked for.
UNFINISHED = ~Q(stage__in=list(FINAL)) | Q(rebuild_asked_at__isnull=False)


class Recording(models.Model):
    """One per call. The row is the job: stage, lease and epoch; a task only wakes it up.

    Whoever works on it holds the lease and writes its results only while `epoch` is still its own.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.OneToOneField(
        "interviews.Call",
        verbose_name=_("通话"),
        on_delete=models.PROTECT,
        related_name="recording",
    )
    stage = models.CharField(_("阶段"), max_length=10, choices=Stage.choices, default=Stage.RAW)
    day = models.DateField(_("采集日期"))
    serial = models.PositiveIntegerField(_("流水号"))
    download_name = models.CharField(_("文件名"), max_length=160)

    epoch = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(_("占用至"), null=True, blank=True)
    due_at = models.DateTimeField(_("下次处理"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("失败次数"), default=0)
    # A rebuild that somebody asked for and whose raw files are still to be brought back.
    rebuild_asked_at = models.DateTimeField(
        _("申请重建时间"), null=True, blank=True, editable=False
    )
    error = models.CharField(_("最近错误"), max_length=200, blank=True)
    progress = models.FloatField(_("合成进度"), default=0.0)

    # Of the composed copy; `file` is relative to the call's folder until it is in the store.
    file = models.CharField(_("合成文件"), max_length=200, blank=True)
    storage_key = models.CharField(_("存储键"), max_length=80, blank=True)
    bytes = models.PositiveBigIntegerField(_("大小（字节）"), default=0)
    sha256 = models.CharField(max_length=64, blank=True)
    duration_ms = models.PositiveBigIntegerField(_("时长（毫秒）"), default=0)
    width = models.PositiveIntegerField(_("宽"), default=0)
    height = models.PositiveIntegerField(_("高"), default=0)
    damaged = models.JSONField(_("受损文件"), default=list, blank=True)
    gaps = models.JSONField(_("画面中断"), default=list, blank=True)
    # What is kept of it (recordings.outputs), decided when it was composed.
    outputs = models.JSONField(_("保存内容"), default=dict, blank=True)
    # Where the copy begins on the call's clock: an empty room is not copied.
    starts_at_ms = models.PositiveBigIntegerField(_("合成起点（毫秒）"), default=0)
    # Why there is no composed copy although there should be one; the raw tracks are there.
    uncomposed = models.CharField(_("未能合成的原因"), max_length=120, blank=True)
    manifest = models.CharField(_("清单文件"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)
    stored_at = models.DateTimeField(_("入库时间"), null=True, blank=True)
    keep_until = models.DateField(_("保管至"), null=True, blank=True)
    # Up to when the store is to lock its files, also before there is a date to keep it until.
    lock_until = models.DateField(_("存储应锁定至"), null=True, blank=True, editable=False)
    # When its files move to the archive tier; empty when none is left to move, or its rule moves none.
    cold_due = models.DateField(_("转入归档层"), null=True, blank=True, editable=False)
    # Whether these dates are to be worked out (anew).
    date_due = models.BooleanField(default=True, db_default=True, editable=False)
    # When the local copies were removed, every one confirmed by the store; empty while they are here.
    spool_freed_at = models.DateTimeField(_("本地副本清除时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("面谈录像")
        constraints = [
            models.UniqueConstraint(fields=["day", "serial"], name="recording_serial_of_day"),
            models.CheckConstraint(
                condition=Q(stage__in=Stage.values), name="recording_stage_known"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="recording_unfinished", condition=UNFINISHED),
            models.Index(
                fields=["keep_until"], name="recording_kept", condition=Q(stage=Stage.STORED)
            ),
            models.Index(
                fields=["id"],
                name="recording_to_date",
                condition=Q(stage=Stage.STORED, date_due=True),
            ),
            models.Index(
                fields=["cold_due"],
                name="recording_to_move",
                condition=Q(stage=Stage.STORED, cold_due__isnull=False),
            ),
            models.Index(
                fields=["stored_at"],
                name="recording_on_spool",
                condition=Q(stage=Stage.STORED, spool_freed_at=None),
            ),
            models.Index(fields=["-created_at"], name="recording_trouble", condition=TROUBLE),
            models.Index(fields=["stage", "-day", "-serial"], name="recording_by_stage"),
            models.Index(
                fields=["stored_at", "id"], name="recording_stored", condition=Q(stage=Stage.STORED)
            ),
        ]

    def __str__(self) -> str:
        return self.download_name

    @property
    def is_playable(self) -> bool:
        """Whether the composed copy can be opened."""
        return bool(self.file) and self.file not in self.names_gone

    @property
    def names_gone(self) -> set[str]:
        """Names that a deletion which was stopped half way took before (STO-4)."""
        certificate = getattr(self, "certificate", None)
        return set(certificate.gone) if certificate is not None else set()

    @property
    def lacks_copy(self) -> bool:
        """Whether something was recorded that the composed copy does not hold."""
        return bool(self.uncomposed or self.damaged)


class RecordingTrack(models.Model):
    """One raw file as probed: what is really in it, beside what the journal says."""

    recording = models.ForeignKey(Recording, on_delete=models.PROTECT, related_name="tracks")
    participant_id = models.CharField(_("参与人"), max_length=64)
    leg_no = models.PositiveIntegerField(_("第几次连接"))
    kind = models.CharField(_("类别"), max_length=5)
    file = models.CharField(_("文件"), max_length=200)
    codec = models.CharField(_("编码"), max_length=20)
    start_ms = models.BigIntegerField(_("开始（毫秒）"))
    end_ms = models.BigIntegerField(_("结束（毫秒）"))
    bytes = models.PositiveBigIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    damage = models.CharField(_("受损情况"), max_length=120, blank=True)
    # What a look every few seconds found (recordings.picture); empty where nobody looked.
    picture = models.JSONField(_("画面"), default=dict, blank=True)
    # How loud it was, a digit every 200 ms (recordings.waves); empty for video.
    levels = models.TextField(_("音量"), default="", blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("原始音视频")
        constraints = [
            models.UniqueConstraint(fields=["recording", "file"], name="recording_track_once")
        ]

    def __str__(self) -> str:
        return self.file


class StoredObject(models.Model):
    """One file in the store. The row is there before the bytes, so that nothing is stored twice."""

    recording = models.ForeignKey(
        Recording, on_delete=models.PROTECT, related_name="objects_stored"
    )
    kind = models.CharField(_("类别"), max_length=10, choices=ObjectKind.choices)
    name = models.CharField(_("文件"), max_length=200)
    key = models.CharField(_("存储键"), max_length=80, unique=True)
    bytes = models.PositiveBigIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    # Of a file on its way: what had arrived about a second ago, for the pages that wait.
    sent_bytes = models.PositiveBigIntegerField(_("已上传（字节）"), default=0, editable=False)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    tier = models.CharField(_("存储层"), max_length=4, choices=Tier.choices, default=Tier.HOT)
    # Whether the store was told of a legal hold on this file.
    is_held = models.BooleanField(_("存储已冻结"), default=False)
    # The day the store was told to lock it until; whether that has to be looked at.
    locked_until = models.DateField(_("存储锁定至"), null=True, blank=True)
    lock_due = models.BooleanField(default=True, db_default=True, editable=False)
    # Of one in the archive tier whose first copy is still there: the day after which that one may go.
    first_copy_until = models.DateField(_("在线副本锁定至"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("存储文件")
        indexes = [
            models.Index(fields=["id"], name="stored_held", condition=Q(is_held=True)),
            models.Index(fields=["id"], name="stored_to_lock", condition=Q(lock_due=True)),
            models.Index(
                fields=["first_copy_until"],
                name="stored_twice",
                condition=Q(first_copy_until__isnull=False),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["recording", "name"], name="stored_object_once")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def here_bytes(self) -> int:
        """How much of it the store has, as far as we know."""
        return self.bytes if self.confirmed_at else min(self.sent_bytes, self.bytes)


class Reel(models.Model):
    """要点集锦 that somebody asked for, and how far it is. The row is the job, as a recording's is.

    Of the copy that `name` names; of another one it has to be asked for again. `key` is where the
    file goes, the same at every try.
    """

    recording = models.OneToOneField(
        Recording, primary_key=True, on_delete=models.CASCADE, related_name="reel"
    )
    name = models.CharField(_("文件"), max_length=200)
    key = models.CharField(_("存储键"), max_length=80, unique=True)
    # [ms of the copy, ms of the reel] where each stretch begins.
    chapters = models.JSONField(_("片段"), default=list, blank=True)
    duration_ms = models.PositiveBigIntegerField(_("时长（毫秒）"), default=0)
    progress = models.FloatField(_("进度"), default=0.0)
    made_at = models.DateTimeField(_("完成时间"), null=True, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(_("占用至"), null=True, blank=True)
    due_at = models.DateTimeField(_("下次处理"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("尝试次数"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("要点集锦")
        indexes = [models.Index(fields=["due_at"], name="reel_due", condition=Q(made_at=None))]

    def __str__(self) -> str:
        return self.name


class EarlyPart(models.Model):
    """A closed part of a track on its way to the store while its call still runs (边录边传, WB-6).

    The row is the job, as a recording's is. Once the recording names the same bytes, their key
    passes to a StoredObject and the row goes.
    """

    call = models.ForeignKey(
        "interviews.Call", on_delete=models.PROTECT, related_name="early_parts"
    )
    name = models.CharField(_("文件"), max_length=200)
    key = models.CharField(_("存储键"), max_length=80, unique=True)
    bytes = models.PositiveBigIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    confirmed_at = models.DateTimeField(_("确认时间"), null=True, blank=True)
    epoch = models.PositiveIntegerField(default=0)
    leased_until = models.DateTimeField(_("占用至"), null=True, blank=True)
    due_at = models.DateTimeField(_("下次处理"), default=timezone.now)
    attempts = models.PositiveIntegerField(_("失败次数"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("边录边传的文件")
        constraints = [models.UniqueConstraint(fields=["call", "name"], name="early_part_once")]
        indexes = [
            models.Index(fields=["due_at"], name="early_part_due", condition=Q(confirmed_at=None))
        ]

    def __str__(self) -> str:
        return self.name


class RescueSegment(models.Model):
    """客户端补录: a stretch the customer's device recorded itself while its connection was gone.

    The id is the device's. Times are what the device says, in ms of the call's clock.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(
        "interviews.Call", on_delete=models.PROTECT, related_name="rescue_segments"
    )
    participant = models.ForeignKey(
        "interviews.Participant", on_delete=models.PROTECT, related_name="+"
    )
    start_ms = models.PositiveBigIntegerField(_("开始（毫秒）"))
    end_ms = models.PositiveBigIntegerField(_("结束（毫秒）"))
    file = models.CharField(_("文件"), max_length=200)
    bytes = models.PositiveBigIntegerField(_("大小（字节）"))
    sha256 = models.CharField(max_length=64)
    received_at = models.DateTimeField(_("收到时间"), default=timezone.now)
    # Whether the composed copy was made with it.
    taken = models.BooleanField(_("已合入"), default=False)

    class Meta:
        verbose_name = verbose_name_plural = _("客户端补录")
        constraints = [
            models.CheckConstraint(
                condition=Q(end_ms__gt=models.F("start_ms")), name="rescue_has_length"
            )
        ]
        indexes = [models.Index(fields=["call"], name="rescue_not_taken", condition=Q(taken=False))]

    def __str__(self) -> str:
        return self.file


class ArchiveEntry(models.Model):
    """What a recording is found by (VID-1), in one narrow row: a search touches no other table.

    `name_grams` holds every single character and every pair of the names: any part of a Chinese name
    is found by the index, which trigrams cannot do for the usual two characters.
    """

    recording = models.OneToOneField(
        Recording, primary_key=True, on_delete=models.CASCADE, related_name="entry"
    )
    started_at = models.DateTimeField(_("面谈时间"))
    customer_name = models.CharField(_("客户姓名"), max_length=80)
    # Everybody of the case, one a line, without spaces and case.
    name_plain = models.TextField(editable=False)
    name_grams = ArrayField(models.CharField(max_length=2), editable=False)
    contract_no = models.CharField(_("借款合同号"), max_length=40, db_index=True)
    loan_type = models.CharField(_("贷款类型"), max_length=40, blank=True)
    manager_no = models.CharField(_("客户经理工号"), max_length=20, blank=True)
    seat_no = models.CharField(_("面谈岗工号"), max_length=20)
    province = models.CharField(_("省"), max_length=12, blank=True)
    city = models.CharField(_("市"), max_length=12, blank=True)
    county = models.CharField(_("区县"), max_length=12, blank=True)
    # What was said in tags, chat and steps, and the parts of it the index holds.
    words_plain = models.TextField(editable=False, default="")
    words = ArrayField(models.CharField(max_length=2), editable=False, default=list)
    # False of rows made before everything above was written: `index_old` does them again.
    is_whole = models.BooleanField(editable=False, db_default=False)
    matched = ""  # whose name a search found when it is not the customer's; set by page_of

    class Meta:
        verbose_name = verbose_name_plural = _("录像检索")
        ordering = ["-started_at", "-pk"]
        # Each with the page's order behind it, so that a page is read and nothing is sorted.
        indexes = [
            models.Index(fields=["-started_at", "-recording"], name="archive_by_time"),
            models.Index(fields=["seat_no", "-started_at"], name="archive_by_seat"),
            models.Index(fields=["manager_no", "-started_at"], name="archive_by_manager"),
            models.Index(fields=["loan_type", "-started_at"], name="archive_by_loan_type"),
            models.Index(fields=["province", "-started_at"], name="archive_by_province"),
            models.Index(fields=["city", "-started_at"], name="archive_by_city"),
            models.Index(fields=["county", "-started_at"], name="archive_by_county"),
            GinIndex(fields=["name_grams"], name="archive_by_name"),
            GinIndex(fields=["words"], name="archive_by_words"),
            models.Index(
                fields=["-started_at"], name="archive_to_index", condition=Q(is_whole=False)
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class SavedSearch(models.Model):
    """A search somebody does again and again, as its query string."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    name = models.CharField(_("名称"), max_length=40)
    query = models.CharField(_("条件"), max_length=500)

    class Meta:
        verbose_name = verbose_name_plural = _("保存的查询")
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="saved_search_name")]

    def __str__(self) -> str:
        return self.name


class RetentionRule(models.Model):
    """保管期限 of a product's recordings; the rule without a product is for all others (STO-4)."""

    product_code = models.CharField(_("产品代码"), max_length=40, blank=True, unique=True)
    start = models.CharField(
        _("起算"),
        max_length=20,
        choices=RetentionStart.choices,
        default=RetentionStart.TASK_SETTLED,
    )
    months = models.PositiveSmallIntegerField(
        _("保管月数"),
        validators=[MinValueValidator(LEAST_MONTHS), MaxValueValidator(1200)],
        help_text=_("监管要求：不短于合同结束后 6 个月。按最长贷款期限加 5 年填写。"),
    )
    cold_after_days = models.PositiveSmallIntegerField(
        _("多少天后转入归档层"),
        null=True,
        blank=True,
        help_text=_("自入库起算；留空为一直在线。归档层的录像仍可回放。"),
    )
    deletes = models.BooleanField(
        _("到期自动删除"), default=False, help_text=_("不勾选时到期只提示，不删除。")
    )
    # Whose wish the present terms are, and who agreed where two were needed: a certificate names them.
    set_by = models.CharField(_("设定人"), max_length=60, blank=True, editable=False)
    agreed_by = models.CharField(_("复核人"), max_length=60, blank=True, editable=False)
    set_at = models.DateTimeField(_("设定时间"), null=True, blank=True, editable=False)
    # How far a change of the terms was carried to the recordings, in the order of their ids; empty: to all.
    spread_after = models.UUIDField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("保管期限")
        ordering = ["product_code"]

    def __str__(self) -> str:
        return self.product_code or "*"

    @property
    def product_name(self) -> str:
        return self.product_code or str(_("其他全部产品"))


class ContractEnd(models.Model):
    """When a contract was over, as the credit system said: some keeping times count from it."""

    contract_no = models.CharField(_("借款合同号"), max_length=40, primary_key=True)
    ended_on = models.DateField(_("合同结束日"))
    told_by = models.CharField(_("告知方"), max_length=60)
    told_at = models.DateTimeField(_("告知时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("合同结束")

    def __str__(self) -> str:
        return self.contract_no


class LegalHold(models.Model):
    """法定保留: nothing of the contract is deleted while one is in force."""

    contract_no = models.CharField(_("借款合同号"), max_length=40, db_index=True)
    reason = models.CharField(_("原因"), max_length=200)
    placed_by = models.CharField(_("设置人"), max_length=40)
    placed_at = models.DateTimeField(_("设置时间"), default=timezone.now)
    released_by = models.CharField(_("解除人"), max_length=40, blank=True)
    released_at = models.DateTimeField(_("解除时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("法定保留")
        ordering = ["-placed_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["contract_no"], condition=Q(released_at=None), name="hold_one_in_force"
            )
        ]

    def __str__(self) -> str:
        return self.contract_no


class DeletionCertificate(models.Model):
    """删除证明: what was deleted, by which rule. It stays when the recording is gone."""

    recording = models.OneToOneField(
        Recording, on_delete=models.PROTECT, related_name="certificate"
    )
    contract_no = models.CharField(_("借款合同号"), max_length=40)
    kept_until = models.DateField(_("保管至"))
    rule = models.JSONField(_("依据"))  # the rule's terms, and who set and agreed to them
    files = models.JSONField(_("文件"))  # [{name, bytes, sha256}]
    begun_at = models.DateTimeField(_("开始删除"), default=timezone.now)
    done_at = models.DateTimeField(_("删除完成"), null=True, blank=True)
    # Of a deletion that was stopped half way: the names that are in the store no more.
    gone = models.JSONField(_("已不在存储中"), default=list, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("删除证明")
        ordering = ["-begun_at"]
        indexes = [
            models.Index(
                fields=["begun_at"], name="certificate_not_done", condition=Q(done_at=None)
            )
        ]

    def __str__(self) -> str:
        return f"{self.contract_no} {self.kept_until}"

    @property
    def files_gone(self) -> list[dict[str, Any]]:
        """What is gone, as it was written down before: {name, bytes, sha256}."""
        names = set(self.gone)
        return [each for each in self.files if self.done_at or each["name"] in names]


class CapacityCount(models.Model):
    """What is in the store, counted now and then: a page does not add up the files of years."""

    counted_at = models.DateTimeField(default=timezone.now)
    # [{month, kind, bytes, files, recent}], month as of confirmation, recent the bytes of the last days.
    lines = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.counted_at:%Y-%m-%d %H:%M}"


class ViewTicket(models.Model):
    """访问凭证: one viewer, one call, one purpose, for minutes. Only SHA-256 of it is stored.

    A media address is worth nothing to anybody else, nor later: the session is asked for as well.
    """

    secret_sha256 = models.CharField(max_length=64, unique=True, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    call = models.ForeignKey("interviews.Call", on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(_("用途"), max_length=8, choices=TicketPurpose.choices)
    # Of a download: the one file it is about. Empty for playing.
    name = models.CharField(_("文件"), max_length=200, blank=True)
    # What was opened with it, each kind noted once in the operation log.
    opened = ArrayField(models.CharField(max_length=10), default=list, db_default=[])
    created_at = models.DateTimeField(_("签发时间"), default=timezone.now)
    expires_at = models.DateTimeField(_("失效时间"), db_index=True)

    class Meta:
        verbose_name = verbose_name_plural = _("访问凭证")

    def __str__(self) -> str:
        return str(self.pk)


class RecordingShare(UserObjectPermissionBase):
    """One recording open to one person whom no role and no scope leads there, for a time.

    guardian's permission on an object, kept in a table of its own: with a reason and an end.
    """

    content_object = models.ForeignKey(
        Recording, verbose_name=_("录像"), on_delete=models.CASCADE, related_name="shares"
    )
    reason = models.CharField(_("原因"), max_length=200)
    shared_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("共享人"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    shared_at = models.DateTimeField(_("共享时间"), default=timezone.now)
    expires_at = models.DateTimeField(_("有效期至"))

    class Meta(UserObjectPermissionBase.Meta):
        verbose_name = verbose_name_plural = _("单件共享")
        indexes = [models.Index(fields=["expires_at"])]

    def __str__(self) -> str:
        return f"{self.content_object_id} {self.user_id}"
