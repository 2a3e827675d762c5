"""Refusals of uploads and of what is done to items."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class UploadTooLarge(DomainError):
    code = "upload_too_large"
    status = 413
    message = _("文件超过 {limit_mb} MB，无法上传。")


class UploadEmpty(DomainError):
    code = "upload_empty"
    status = 400
    message = _("文件为空。")


class WrongOffset(DomainError):
    """The browser goes on at `received`."""

    code = "wrong_offset"
    retryable = True
    message = _("续传位置不一致，请从 {received} 字节处继续。")


class NotPlayable(DomainError):
    code = "media_not_playable"
    message = _("“{title}”尚无可播放的文件，不能启用。")


class MediaInUse(DomainError):
    """facts: title, where - the uses that rely on it."""

    code = "media_in_use"
    message = _("“{title}”是启用中话术的必做步骤，不能停用或删除：{where}。请先调整话术。")


class MediaEnabled(DomainError):
    code = "media_enabled"
    message = _("“{title}”处于启用状态，请先停用再删除。")
