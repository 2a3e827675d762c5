"""People, institutions, roles (ACC-1, ACC-2)."""

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from common.crypto import EncryptedTextField


class Institution(models.Model):
    """机构: a branch; roles see data of their own institution and below."""

    code = models.CharField(_("机构号码"), max_length=20, unique=True)
    name = models.CharField(_("机构名称"), max_length=100)
    parent = models.ForeignKey(
        "self", verbose_name=_("上级机构"), null=True, blank=True, on_delete=models.PROTECT
    )

    class Meta:
        verbose_name = verbose_name_plural = _("机构")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.name}（{self.code}）"


class DataScope(models.TextChoices):
    OWN = "own", _("本人")
    INSTITUTION = "institution", _("本机构及下级")
    ALL = "all", _("全部")


class Role(models.Model):
    """角色: which operations it opens (codes of accounts/operations.py) and whose data (ACC-1)."""

    code = models.SlugField(_("角色代码"), max_length=40, unique=True)
    name = models.CharField(_("角色名称"), max_length=60)
    scope = models.CharField(
        _("数据范围"), max_length=12, choices=DataScope.choices, default=DataScope.OWN
    )
    operations = ArrayField(
        models.CharField(max_length=60), verbose_name=_("操作权限"), default=list, blank=True
    )
    second_factor = models.BooleanField(
        _("登录须二次验证"), default=False, help_text=_("持有该角色的用户登录时须输入动态验证码。")
    )

    class Meta:
        verbose_name = verbose_name_plural = _("角色")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(staff_no=username)

    def create_user(self, staff_no: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(staff_no=staff_no, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, staff_no: str, password: str | None = None, **fields: object
    ) -> "User":
        return self.create_user(staff_no, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A member of staff, known by the staff number (工号)."""

    staff_no = models.CharField(_("工号"), max_length=20, unique=True)
    name = models.CharField(_("姓名"), max_length=60)
    phone = models.CharField(_("手机号"), max_length=20, blank=True)
    email = models.EmailField(_("邮箱"), blank=True)
    institution = models.ForeignKey(
        Institution, verbose_name=_("机构"), null=True, blank=True, on_delete=models.PROTECT
    )
    roles = models.ManyToManyField(Role, verbose_name=_("角色"), blank=True, related_name="users")
    is_active = models.BooleanField(_("启用"), default=True)
    is_staff = models.BooleanField(_("可进入后台"), default=False)
    must_change_password = models.BooleanField(_("登录后须改密"), default=False)
    password_changed_at = models.DateTimeField(_("密码设置时间"), default=timezone.now)
    # A session carries the epoch it began in; what must end all sessions of a person raises it.
    auth_epoch = models.PositiveIntegerField(default=0, editable=False)
    # The one session of a person who takes calls (one seat, one session); empty for all others.
    seat_session = models.CharField(max_length=32, blank=True, editable=False)
    # History points at people: who is deleted stays as a row that can do nothing.
    deleted_at = models.DateTimeField(_("删除时间"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("创建时间"), default=timezone.now)

    USERNAME_FIELD = "staff_no"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        verbose_name = verbose_name_plural = _("用户")
        ordering = ["staff_no"]

    def __str__(self) -> str:
        return f"{self.name} {self.staff_no}"

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name


class UsedPassword(models.Model):
    """The hash of a password somebody has had: it is not chosen again (password_history)."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="used_passwords")
    hash = models.CharField(max_length=128)
    set_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = verbose_name_plural = _("用过的密码")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.set_at:%F}"


class SecondFactor(models.Model):
    """A person's authenticator app. A new one counts only when a code of it was entered."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, primary_key=True)
    seed = EncryptedTextField(blank=True)
    pending_seed = EncryptedTextField(blank=True)
    pending_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    # The newest time step whose code was used: none counts twice (RFC 6238, 5.2).
    last_step = models.BigIntegerField(default=-1)

    class Meta:
        verbose_name = verbose_name_plural = _("二次验证")

    def __str__(self) -> str:
        return str(self.user_id)


class RecoveryCode(models.Model):
    """One of the codes for who has not the phone at hand; a keyed fingerprint is kept, used once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    fingerprint = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("恢复码")
        constraints = [
            models.UniqueConstraint(fields=["user", "fingerprint"], name="recovery_code_once")
        ]

    def __str__(self) -> str:
        return str(self.user_id)


class ChangeState(models.TextChoices):
    PENDING = "PENDING", _("待复核")
    APPROVED = "APPROVED", _("已同意")
    REFUSED = "REFUSED", _("已退回")
    WITHDRAWN = "WITHDRAWN", _("已撤回")


class PendingChange(models.Model):
    """A change that waits for a second person (ASVS 2.3.5); what it does is said by its kind."""

    kind = models.CharField(_("变更"), max_length=40)
    object_id = models.CharField(max_length=60)
    subject = models.CharField(_("内容"), max_length=300)
    payload = models.JSONField(default=dict)
    state = models.CharField(
        _("状态"), max_length=10, choices=ChangeState.choices, default=ChangeState.PENDING
    )
    requested_by = models.ForeignKey(
        User, verbose_name=_("申请人"), on_delete=models.PROTECT, related_name="+"
    )
    requested_at = models.DateTimeField(_("申请时间"), default=timezone.now)
    decided_by = models.ForeignKey(
        User, verbose_name=_("复核人"), null=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(_("复核时间"), null=True)

    class Meta:
        verbose_name = verbose_name_plural = _("待复核变更")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "object_id"],
                condition=models.Q(state="PENDING"),
                name="pending_change_once",
            ),
            # S:A11: nobody agrees to the own wish, whatever the code says.
            models.CheckConstraint(
                condition=models.Q(state__in=["PENDING", "WITHDRAWN"])
                | (
                    models.Q(decided_by__isnull=False)
                    & ~models.Q(decided_by=models.F("requested_by"))
                ),
                name="pending_change_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return self.subject


class ListColumns(models.Model):
    """Which columns of a list of the back office somebody wants to see."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    model = models.CharField(max_length=80)
    columns = ArrayField(models.CharField(max_length=60))

    class Meta:
        verbose_name = verbose_name_plural = _("列的选择")
        constraints = [models.UniqueConstraint(fields=["user", "model"], name="list_columns_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.model}"
