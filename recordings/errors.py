"""Why something about a recording is refused."""

from django.utils.translation import gettext_lazy as _

from common.errors import DomainError


class NotReady(DomainError):
    """The composed copy is not there yet."""

    code = "recording_not_ready"
    message = _("录像正在合成，请稍后再试。")
    retryable = True


class ReasonRequired(DomainError):
    code = "reason_required"
    status = 400
    message = _("请填写下载原因。")


class LeaseLost(Exception):
    """Somebody else works on the recording now; what this one has done is thrown away."""


class StepFailed(Exception):
    """A stage could not be finished this time; it is tried again later. No personal data in it."""
