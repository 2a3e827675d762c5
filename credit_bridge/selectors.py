"""The case behind a task, through the port."""

from uuid import UUID

from interviews.models import InterviewTask

from .embedded import EmbeddedCredit
from .ports import CaseDetails, CreditPort


def credit() -> CreditPort:
    """The credit system this installation speaks to."""
    return EmbeddedCredit()


def _contract_of(task_id: UUID) -> str:
    return InterviewTask.objects.values_list("contract_no", flat=True).get(pk=task_id)


def case_details(task_id: UUID) -> CaseDetails:
    """Parties, loan and list of images (WB-13…15). Raises CaseUnknown, CreditUnavailable."""
    return credit().case_details(_contract_of(task_id))


def case_image(task_id: UUID, image_id: str) -> tuple[bytes, str]:
    return credit().image(_contract_of(task_id), image_id)
