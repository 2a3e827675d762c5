"""The interview: task, parties, calls and everything that happened in them."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from common.crypto import EncryptedTextField

from .states import (
    AWAITED,
    LIVE_PLAY,
    RUNNING,
    CallState,
    CustomerType,
    ParticipantRole,
    ParticipantState,
    PartyRole,
    PlayState,
    SnapshotKind,
    StillState,
    TaskState,
    Verdict,
)


class InterviewTask(models.Model):
    """面谈任务: one per loan contract and pass through the 面谈 node (CRD-2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    contract_no = models.CharField(_("借款合同号"), max_length=40)
    generation = models.PositiveIntegerField(_("代次"), default=1)
    state = models.CharField(
        _("状态"), max_length=10, choices=TaskState.choices, default=TaskState.PENDING
    )
    product_code = models.CharField(_("产品代码"), max_length=40)
    product_name = models.CharField(_("产品名称"), max_length=80)
    business_type = models.CharField(_("业务种类"), max_length=40, blank=True)
    channel_code = models.CharField(_("渠道代码"), max_length=40, blank=True)
    loan_type = models.CharField(_("贷款类型"), max_length=40, blank=True)
    # Plain, because a reviewer searches by any part of it (VID-1); number and phone are not.
    customer_name = models.CharField(_("客户姓名"), max_length=80)
    customer_type = models.CharField(
        _("客户类型"),
        max_length=10,
        choices=CustomerType.choices,
        default=CustomerType.ORDINARY,
    )
    applied_on = models.DateField(_("申请日期"), null=True, blank=True)
    # As the credit system had it when the task was made: lists show it without asking again.
    loan_amount = models.DecimalField(
        _("贷款金额（元）"), max_digits=14, decimal_places=2, null=True, blank=True
    )
    property_province = models.CharField(_("房产所在省"), max_length=12, blank=True)
    property_city = models.CharField(_("房产所在市"), max_length=12, blank=True)
    property_county = models.CharField(_("房产所在区县"), max_length=12, blank=True)
    property_address = models.CharField(_("房产位置"), max_length=200, blank=True)
    manager_no = models.CharField(_("客户经理工号"), max_length=20, blank=True)
    manager_name = models.CharField(_("客户经理"), max_length=60, blank=True)
    seat_staff_no = models.CharField(_("指派坐席工号"), max_length=20, blank=True)
    case_ref = models.CharField(_("信贷案件号"), max_length=60, blank=True)
    reasons = ArrayField(
        models.CharField(max_length=120), verbose_name=_("拒件原因"), default=list, blank=True
    )
    superseded_at = models.DateTimeField(_("被取代时间"), null=True, blank=True)
    settled_at = models.DateTimeField(_("结论时间"), null=True, blank=True)
    # Second interviews a reviewer asked for (QC-3); booking one is no 改约.
    returns = models.PositiveSmallIntegerField(
        _("退回次数"), default=0, db_default=0, editable=False
    )
    # The operators' self-check: never told to the credit system, never counted, purged afterwards.
    rehearsal = models.BooleanField(_("演练"), default=False)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("面谈任务")
        constraints = [
            models.UniqueConstraint(
                fields=["contract_no", "generation"], name="task_contract_generation"
            ),
            models.UniqueConstraint(
                fields=["contract_no"], condition=Q(superseded_at=None), name="task_one_current"
            ),
            models.CheckConstraint(
                condition=Q(state__in=TaskState.values), name="task_state_known"
            ),
        ]
        indexes = [
            models.Index(fields=["-created_at", "id"]),
            models.Index(fields=["state", "-created_at", "id"], name="task_by_state"),
            models.Index(fields=["manager_no"]),
            models.Index(
                fields=["settled_at"],
                name="task_settled",
                condition=Q(settled_at__isnull=False),
            ),
            # Few are turned down: reports count why without reading all that were settled.
            models.Index(fields=["settled_at"], name="task_turned_down", condition=~Q(reasons=[])),
            # The few that no report counts: asked for by every report of attempts to call in.
            models.Index(fields=["id"], name="task_rehearsal", condition=Q(rehearsal=True)),
        ]

    def __str__(self) -> str:
        return f"{self.contract_no}#{self.generation}"

    @property
    def task_state(self) -> TaskState:
        return TaskState(self.state)

    @property
    def amount_text(self) -> str:
        """420,000 元; empty when it is not known."""
        if self.loan_amount is None:
            return ""
        amount = f"{self.loan_amount:,.2f}".removesuffix(".00")
        return gettext("{amount} 元").format(amount=amount)


class Party(models.Model):
    """干系人: one person once per task, with all roles (CRD-2)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.ForeignKey(InterviewTask, on_delete=models.PROTECT, related_name="parties")
    name = models.CharField(_("姓名"), max_length=80)
    phone = EncryptedTextField(_("注册手机号码"))
    phone_index = models.CharField(max_length=64, db_index=True, editable=False)
    id_type = models.CharField(_("证件类型"), max_length=20, default="身份证")  # data
    id_no = EncryptedTextField(_("证件号码"))
    id_index = models.CharField(max_length=64, db_index=True, editable=False)
    roles = ArrayField(
        models.CharField(max_length=20, choices=PartyRole.choices), verbose_name=_("角色")
    )
    marital_status = models.CharField(_("婚姻状况"), max_length=20, blank=True)
    relation = models.CharField(_("与借款人关系"), max_length=40, blank=True)
    property_location = models.CharField(_("房产位置"), max_length=200, blank=True)
    interviewed_at = models.DateTimeField(_("面谈完成时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("干系人")
        constraints = [
            models.UniqueConstraint(fields=["task", "id_index"], name="party_once_per_task")
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def role_labels(self) -> list[str]:
        return [str(PartyRole(role).label) for role in self.roles]


class Consent(models.Model):
    """The party agreed to being recorded: which text, when, from where. Gates the media."""

    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="consents")
    text_version = models.CharField(_("告知书版本"), max_length=40)
    agreed_at = models.DateTimeField(_("同意时间"), default=timezone.now)
    ip = models.GenericIPAddressField(_("来源地址"), null=True, blank=True)
    user_agent = models.CharField(_("终端"), max_length=300, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("录制同意")
        constraints = [
            models.UniqueConstraint(fields=["party", "text_version"], name="consent_once")
        ]
        indexes = [models.Index(fields=["-agreed_at"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.party_id} {self.text_version}"


class Call(models.Model):
    """一次通话: one live conversation of a task. It outlives its connections."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    task = models.ForeignKey(InterviewTask, on_delete=models.PROTECT, related_name="calls")
    number = models.PositiveIntegerField(_("第几次通话"))
    seat = models.ForeignKey("seats.Seat", on_delete=models.PROTECT, related_name="calls")
    state = models.CharField(
        _("状态"), max_length=10, choices=CallState.choices, default=CallState.CONNECTING
    )
    # Zero of every *_ms of this call; survives worker deaths.
    clock_started_at = models.DateTimeField(_("起始时间"), default=timezone.now)
    live_at = models.DateTimeField(_("接通时间"), null=True, blank=True)
    ended_at = models.DateTimeField(_("结束时间"), null=True, blank=True)
    end_reason = models.CharField(_("结束原因"), max_length=40, blank=True)
    media_worker = models.CharField(_("媒体节点"), max_length=60, blank=True)
    media_epoch = models.PositiveIntegerField(_("媒体代次"), default=0)
    # The worker process that holds the room, told from its successor of the same name.
    media_worker_started_at = models.DateTimeField(_("媒体节点启动时间"), null=True, blank=True)
    # Without a customer: when it ends by itself. The seat may put it off.
    deserted_until = models.DateTimeField(_("无客户，结束于"), null=True, blank=True)
    # False until the seat starts it, where the parameter says by hand (WB-6).
    recording_on = models.BooleanField(_("录制"), default=True)
    verdict = models.CharField(
        _("处理意见"), max_length=8, choices=Verdict.choices, blank=True, default=""
    )
    verdict_note = models.CharField(_("意见说明"), max_length=500, blank=True)
    filed_at = models.DateTimeField(_("提交时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("通话")
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="call_number"),
            models.UniqueConstraint(
                fields=["task"], condition=Q(state__in=RUNNING), name="call_one_running_per_task"
            ),
            models.UniqueConstraint(
                fields=["seat"], condition=Q(state__in=RUNNING), name="call_one_running_per_seat"
            ),
            models.CheckConstraint(
                condition=Q(state__in=CallState.values), name="call_state_known"
            ),
            models.CheckConstraint(
                condition=Q(verdict="") | Q(state=CallState.FILED), name="call_verdict_when_filed"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("clock_started_at")),
                name="call_ends_after_start",
            ),
        ]
        indexes = [
            models.Index(fields=["-clock_started_at", "id"]),
            models.Index(
                fields=["deserted_until"],
                name="call_deserted",
                condition=Q(deserted_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def call_state(self) -> CallState:
        return CallState(self.state)

    @property
    def is_running(self) -> bool:
        return self.state in RUNNING


class Participant(models.Model):
    """A place in a call: the seat, one party, or one stay of a supervisor.

    However often the connection changes it is the same place; a supervisor who comes again has
    another.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="participants")
    role = models.CharField(_("身份"), max_length=10, choices=ParticipantRole.choices)
    party = models.ForeignKey(Party, on_delete=models.PROTECT, null=True, blank=True)
    state = models.CharField(
        _("状态"),
        max_length=10,
        choices=ParticipantState.choices,
        default=ParticipantState.INVITED,
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("坐席主管"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
    )
    silent = models.BooleanField(_("旁听"), default=False)
    # Whether the customers are shown that the supervisor is there.
    told = models.BooleanField(_("客户知晓"), default=True)
    muted = models.BooleanField(_("静音"), default=False)
    joined_at = models.DateTimeField(_("加入时间"), null=True, blank=True)
    lost_at = models.DateTimeField(_("断线时间"), null=True, blank=True)
    # While nobody is connected in it: how long the place is kept.
    reconnect_until = models.DateTimeField(_("保留至"), null=True, blank=True)
    left_at = models.DateTimeField(_("离开时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("通话参与人")
        constraints = [
            models.UniqueConstraint(fields=["call", "party"], name="participant_once_per_call"),
            models.UniqueConstraint(
                fields=["call"], condition=Q(role="seat"), name="participant_one_seat"
            ),
            models.UniqueConstraint(
                fields=["call", "user"], condition=~Q(state="LEFT"), name="participant_one_stay"
            ),
            models.CheckConstraint(
                condition=Q(role="supervisor", user__isnull=False, party=None)
                | (~Q(role="supervisor") & Q(user=None, silent=False)),
                name="participant_supervisor_has_user",
            ),
        ]
        indexes = [
            models.Index(
                fields=["reconnect_until"],
                name="participant_kept",
                condition=Q(state__in=AWAITED),
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def name(self) -> str:
        """Of the person whose place it is."""
        if self.user is not None:
            return self.user.name
        return self.party.name if self.party else self.call.seat.user.name


class Leg(models.Model):
    """One connection of a participant. At most one is open."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="legs")
    number = models.PositiveIntegerField(_("第几次连接"))
    media_epoch = models.PositiveIntegerField(_("媒体代次"))
    opened_at = models.DateTimeField(_("建立时间"), default=timezone.now)
    connected_at = models.DateTimeField(_("接通时间"), null=True, blank=True)
    closed_at = models.DateTimeField(_("关闭时间"), null=True, blank=True)
    close_reason = models.CharField(_("关闭原因"), max_length=40, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("连接")
        constraints = [
            models.UniqueConstraint(fields=["participant", "number"], name="leg_number"),
            models.UniqueConstraint(
                fields=["participant"], condition=Q(closed_at=None), name="leg_one_open"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class QualitySummary(models.Model):
    """How a participant's network was, summed up while it was measured (REP-1). Loss in percent."""

    participant = models.OneToOneField(
        Participant, primary_key=True, on_delete=models.CASCADE, related_name="quality"
    )
    samples = models.PositiveIntegerField(_("测量次数"), default=0)
    loss_up_sum = models.FloatField(default=0.0)
    loss_up_max = models.FloatField(default=0.0)
    loss_down_sum = models.FloatField(default=0.0)
    rtt_samples = models.PositiveIntegerField(default=0)
    rtt_ms_sum = models.FloatField(default=0.0)
    rtt_ms_max = models.FloatField(default=0.0)
    kbps_up_sum = models.FloatField(default=0.0)
    fps_sum = models.FloatField(default=0.0)
    poor = models.PositiveIntegerField(_("较差次数"), default=0)

    class Meta:
        verbose_name = verbose_name_plural = _("网络质量")

    def __str__(self) -> str:
        return str(self.participant_id)


class TimelineEvent(models.Model):
    """A marked instant or stretch of a call: tag, snapshot, script step, chat, gap, mute …"""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="events")
    kind = models.CharField(_("类别"), max_length=30)
    at_ms = models.BigIntegerField(_("时刻（毫秒）"))
    until_ms = models.BigIntegerField(_("至（毫秒）"), null=True, blank=True)
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, null=True, blank=True)
    payload = models.JSONField(_("内容"), default=dict, blank=True)
    created_by = models.CharField(_("操作者"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)
    journal_seq = models.BigIntegerField(_("日志序号"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("时间轴事件")
        indexes = [models.Index(fields=["call", "at_ms"])]

    def __str__(self) -> str:
        return f"{self.kind}@{self.at_ms}"


class Snapshot(models.Model):
    """抓拍: a still of one participant's picture at full received size (WB-11)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="snapshots")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT)
    kind = models.CharField(
        _("类别"), max_length=20, choices=SnapshotKind.choices, default=SnapshotKind.OTHER
    )
    at_ms = models.BigIntegerField(_("时刻（毫秒）"))
    file = models.CharField(_("文件"), max_length=200)
    width = models.PositiveIntegerField(_("宽"))
    height = models.PositiveIntegerField(_("高"))
    bytes = models.PositiveBigIntegerField(_("字节"))
    sha256 = models.CharField(max_length=64)
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)
    taken_at = models.DateTimeField(_("抓拍时间"), default=timezone.now)
    deleted_at = models.DateTimeField(_("删除时间"), null=True, blank=True)
    delete_reason = models.CharField(_("删除原因"), max_length=200, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("抓拍照片")
        ordering = ["at_ms"]

    def __str__(self) -> str:
        return str(self.pk)


class PlayOut(models.Model):
    """One playing of a prepared item to everybody in the call (WB-16)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="play_outs")
    # By number: what was played stays on record when the item is deleted.
    item_id = models.PositiveBigIntegerField(_("素材"))
    title = models.CharField(_("名称"), max_length=80)
    no_skip = models.BooleanField(_("不得跳过或快进"))
    duration_ms = models.PositiveIntegerField(_("时长（毫秒）"))
    state = models.CharField(
        _("状态"), max_length=8, choices=PlayState.choices, default=PlayState.PLAYING
    )
    position_ms = models.PositiveIntegerField(_("进度（毫秒）"), default=0)
    event = models.OneToOneField(TimelineEvent, on_delete=models.PROTECT)
    # Paused because no customer was there; it goes on by itself with the first who is.
    held = models.BooleanField(_("等候客户"), default=False, db_default=False)
    # Which customer it played to: [{participant_id, from_ms, until_ms}] on the call's clock.
    audience = models.JSONField(_("观看记录"), default=list, db_default=[], editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("素材播放")
        constraints = [
            models.UniqueConstraint(
                fields=["call"], condition=Q(state__in=LIVE_PLAY), name="play_out_one_live"
            ),
            models.CheckConstraint(
                condition=Q(state__in=PlayState.values), name="play_out_state_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ConfirmCard(models.Model):
    """确认卡: amount, rate, term in large characters, which each customer confirms or not."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="cards")
    title = models.CharField(_("标题"), max_length=60)
    lines = models.JSONField(_("内容"))
    # Over title and lines in canonical form: what was confirmed can be shown to be this.
    sha256 = models.CharField(max_length=64)
    at_ms = models.BigIntegerField(_("时刻（毫秒）"))
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)
    withdrawn_at = models.DateTimeField(_("收起时间"), null=True, blank=True)

    class Meta:
        verbose_name = verbose_name_plural = _("确认卡")
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["call"], condition=Q(withdrawn_at=None), name="card_one_shown"
            )
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ConfirmAnswer(models.Model):
    """One customer's answer to a card; the first one counts."""

    card = models.ForeignKey(ConfirmCard, on_delete=models.PROTECT, related_name="answers")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT)
    accepted = models.BooleanField(_("确认"))
    # The timeline's event has this id: written again after a crash it is the same event.
    event_id = models.UUIDField(default=uuid.uuid4, editable=False)
    at_ms = models.BigIntegerField(_("时刻（毫秒）"))
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("确认卡答复")
        constraints = [
            models.UniqueConstraint(fields=["card", "participant"], name="card_answered_once")
        ]

    def __str__(self) -> str:
        return f"{self.card_id} {self.accepted}"


class StillRequest(models.Model):
    """原图拍摄: the seat asks the customer's own camera for a picture; it comes in parts."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, related_name="still_requests")
    participant = models.ForeignKey(Participant, on_delete=models.PROTECT)
    kind = models.CharField(
        _("类别"), max_length=20, choices=SnapshotKind.choices, default=SnapshotKind.OTHER
    )
    state = models.CharField(
        _("状态"), max_length=10, choices=StillState.choices, default=StillState.ASKED
    )
    failure = models.CharField(_("未成原因"), max_length=40, blank=True)
    total_bytes = models.PositiveIntegerField(_("总字节"), default=0)
    received_bytes = models.PositiveIntegerField(_("已收字节"), default=0)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True)
    asked_at = models.DateTimeField(_("请求时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("原图拍摄请求")
        constraints = [
            models.UniqueConstraint(
                fields=["participant"],
                condition=Q(state=StillState.ASKED),
                name="still_one_asked",
            ),
            models.CheckConstraint(
                condition=Q(state__in=StillState.values), name="still_state_known"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class StillPart(models.Model):
    """A stretch of a picture that is still coming; gone when the picture is whole."""

    request = models.ForeignKey(StillRequest, on_delete=models.CASCADE, related_name="parts")
    offset = models.PositiveIntegerField()
    content = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "offset"], name="still_part_once")
        ]

    def __str__(self) -> str:
        return f"{self.request_id}@{self.offset}"


class MediaEvent(models.Model):
    """Ids of events from media workers already applied: the inbox that makes resending harmless."""

    id = models.CharField(primary_key=True, max_length=64)
    call = models.ForeignKey(Call, on_delete=models.CASCADE)
    kind = models.CharField(max_length=40)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("媒体事件")

    def __str__(self) -> str:
        return self.id
