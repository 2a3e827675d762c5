"""Channels that may call in, their limits, and every attempt (CHN-1..3, SDK-1)."""

import uuid

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.crypto import EncryptedTextField

from .admission import bssid_form, range_ends
from .regions import places

_LATITUDE = (MinValueValidator(-90), MaxValueValidator(90))
_LONGITUDE = (MinValueValidator(-180), MaxValueValidator(180))


class Channel(models.Model):
    """渠道: an app or entry of the bank through which customers call in."""

    name = models.CharField(_("渠道名称"), max_length=100)
    code = models.CharField(
        _("渠道代码"),
        max_length=40,
        unique=True,
        validators=[RegexValidator(r"^[A-Za-z0-9_.-]+$", _("只能包含字母、数字和 . _ -"))],
    )
    enabled = models.BooleanField(
        _("渠道状态"), default=False, choices=[(True, _("启用")), (False, _("停用"))]
    )
    institution_name = models.CharField(_("机构名称"), max_length=100, blank=True)
    institution_no = models.CharField(_("机构号码"), max_length=20, blank=True)
    match_all = models.BooleanField(
        _("须同时满足各类限制"),
        default=False,
        help_text=_("不勾选时，满足任意一条属地、定位或网络即可呼入。"),
    )
    refuse_doubtful_place = models.BooleanField(
        _("可疑定位视为无定位"),
        default=False,
        help_text=_("勾选时，模拟定位等可疑的位置不能满足 GPS 定位限制。"),
    )
    allow_walk_in = models.BooleanField(
        _("允许非预约时段呼入"), default=False, help_text=_("不勾选时，只能在预约时段内呼入。")
    )
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = _("渠道")
        ordering = ["-created_at", "pk"]

    def __str__(self) -> str:
        return f"{self.name}（{self.code}）"


class ChannelService(models.Model):
    """业务种类 open to a channel; for one product, or for all when the product is empty (SDK-1a)."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="services")
    product_code = models.CharField(_("产品代码"), max_length=40, blank=True)
    business_type = models.CharField(_("业务种类"), max_length=40)

    class Meta:
        verbose_name = verbose_name_plural = _("开放业务种类")
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "product_code", "business_type"], name="channel_service_once"
            )
        ]
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.business_type


class ChannelRegion(models.Model):
    """渠道指定属地."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="regions")
    name = models.CharField(_("属地名称"), max_length=60)
    code = models.CharField(
        _("行政区划代码"),
        max_length=6,
        validators=[RegexValidator(r"^\d{6}$", _("请填写 6 位行政区划代码"))],
        help_text=_("310000 包含上海市全部区县。"),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("渠道指定属地")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if len(self.code) == 6 and self.code not in places():
            raise ValidationError({"code": _("没有此行政区划代码，请按名称查找后选择。")})


class ChannelFence(models.Model):
    """渠道指定 GPS 定位: a point with a radius, or a polygon."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="fences")
    name = models.CharField(_("地点名称"), max_length=60)
    latitude = models.DecimalField(
        _("纬度"), max_digits=9, decimal_places=6, null=True, blank=True, validators=_LATITUDE
    )
    longitude = models.DecimalField(
        _("经度"), max_digits=9, decimal_places=6, null=True, blank=True, validators=_LONGITUDE
    )
    radius_m = models.PositiveIntegerField(_("半径（米）"), null=True, blank=True)
    corners = models.JSONField(
        _("多边形顶点"),
        default=list,
        blank=True,
        help_text=_("[[纬度, 经度], …]，至少三个；填写后不再使用圆形范围。"),
    )

    class Meta:
        verbose_name = verbose_name_plural = _("渠道指定 GPS 定位")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(corners=[])
                | Q(latitude__isnull=False, longitude__isnull=False, radius_m__isnull=False),
                name="fence_has_a_shape",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if self.corners:
            _check_corners(self.corners)
        elif self.latitude is None or self.longitude is None or not self.radius_m:
            raise ValidationError(_("请填写经纬度和半径，或填写多边形顶点。"))


def _check_corners(corners: object) -> None:
    right = isinstance(corners, list) and len(corners) >= 3
    for corner in corners if isinstance(corners, list) else ():
        pair = isinstance(corner, list) and len(corner) == 2
        right = right and pair and all(type(part) in (int, float) for part in corner)
        right = right and abs(corner[0]) <= 90 and abs(corner[1]) <= 180
    if not right:
        raise ValidationError({"corners": _("顶点须为 [[纬度, 经度], …]，至少三个。")})


class ChannelNetwork(models.Model):
    """渠道指定网络: every filled field of a row has to fit."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="networks")
    name = models.CharField(_("网络名称"), max_length=60, help_text=_("客户被拒绝时会看到此名称。"))
    ssid = models.CharField(_("WiFi 名称（SSID）"), max_length=32, blank=True)
    bssid = models.CharField(_("BSSID"), max_length=17, blank=True)
    ip_range = models.CharField(
        _("IP 范围"), max_length=90, blank=True, help_text=_("10.1.0.0/16 或 10.1.0.1-10.1.0.99")
    )

    class Meta:
        verbose_name = verbose_name_plural = _("渠道指定网络")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(ssid="") | ~Q(bssid="") | ~Q(ip_range=""),
                name="network_has_a_mark",
            )
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        if not (self.ssid or self.bssid or self.ip_range):
            raise ValidationError(_("SSID、BSSID、IP 范围至少填写一项。"))
        if self.bssid and len(bssid_form(self.bssid)) != 12:
            raise ValidationError({"bssid": _("BSSID 须为 12 位十六进制数。")})
        if self.ip_range:
            try:
                range_ends(self.ip_range)
            except ValueError as error:
                raise ValidationError({"ip_range": _("无法识别的 IP 范围。")}) from error


class AdmissionAttempt(models.Model):
    """呼入准入记录: one row per attempt with everything the device told, admitted or not (SDK-1)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # The channel may be unknown or deleted later: the code that was given is kept as it came.
    channel = models.ForeignKey(
        Channel, verbose_name=_("渠道"), null=True, blank=True, on_delete=models.SET_NULL
    )
    channel_code = models.CharField(_("渠道代码"), max_length=40)
    product_code = models.CharField(_("产品代码"), max_length=40, blank=True)
    phone = EncryptedTextField(_("呼入手机号"), blank=True)
    phone_index = models.CharField(max_length=64, blank=True, editable=False)
    # Rosters know nothing of interviews: plain ids.
    task_id = models.UUIDField(_("面谈任务"), null=True, blank=True)
    party_id = models.UUIDField(_("干系人"), null=True, blank=True)
    latitude = models.DecimalField(_("纬度"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(
        _("经度"), max_digits=9, decimal_places=6, null=True, blank=True
    )
    accuracy_m = models.FloatField(_("定位精度（米）"), null=True, blank=True)
    region_code = models.CharField(_("行政区划代码"), max_length=12, blank=True)
    ssid = models.CharField(_("SSID"), max_length=64, blank=True)
    bssid = models.CharField(_("BSSID"), max_length=32, blank=True)
    ip = models.GenericIPAddressField(_("IP 地址"), null=True, blank=True)
    device_model = models.CharField(_("设备型号"), max_length=100, blank=True)
    os = models.CharField(_("操作系统"), max_length=60, blank=True)
    sdk_version = models.CharField(_("SDK 版本"), max_length=40, blank=True)
    admitted = models.BooleanField(_("准入"))
    reason = models.CharField(_("结论"), max_length=30)
    checks = models.JSONField(_("判定过程"), default=list, blank=True)
    doubts = models.JSONField(_("定位疑点"), default=list, blank=True)
    created_at = models.DateTimeField(_("时间"), default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("呼入准入记录")
        ordering = ["-created_at", "pk"]
        indexes = [
            models.Index(fields=["-created_at", "id"]),
            models.Index(fields=["phone_index", "-created_at"]),
            models.Index(fields=["channel_code", "-created_at"]),
            models.Index(fields=["reason", "-created_at", "id"], name="attempt_by_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.channel_code} {self.reason}"
