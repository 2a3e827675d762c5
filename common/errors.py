"""The one kind of refusal a person can act on. Everything else that raises is a bug."""

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A refusal with a stable code; nothing was changed when it is raised.

    `facts` fill the message and travel to the caller (problem details, socket frames), so they
    never hold personal data the caller may not see.
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    retryable: ClassVar[bool] = False
    message: ClassVar[str | Promise] = _("操作未能完成。")

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code)
        self.facts = facts

    @property
    def text(self) -> str:
        """The sentence for the person, in the active language."""
        return str(self.message).format(**self.facts) if self.facts else str(self.message)


class NotFound(DomainError):
    """What is not yours does not exist."""

    code = "not_found"
    status = 404
    message = _("没有找到，或您无权查看。")


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    message = _("您没有进行此操作的权限。")


class ServerError(DomainError):
    """A bug, as the caller is told of it; `request_id` finds it in the log."""

    code = "server_error"
    status = 500
    retryable = True
    message = _("系统出现异常，已记录。请稍后再试。")


class IllegalMove(DomainError):
    """The state machine has no such move from the present state."""

    code = "illegal_move"
    message = _("当前状态不能进行此操作。")
