"""质检管理: the queue of doubts, with the three decisions as actions on one's own claims."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts.admin_access import OperationAdmin
from accounts.models import User
from accounts.selectors import may
from common.errors import DomainError

from . import services
from .models import QcReview
from .states import ReviewMove


@admin.register(QcReview)
class QcReviewAdmin(OperationAdmin):
    view_operation = "qc.view"
    list_display = [
        "contract_no",
        "customer",
        "seat",
        "state",
        "reviewer",
        "opened_at",
        "recording",
    ]
    list_filter = ["state"]
    list_select_related = ["call__task", "call__seat__user", "reviewer"]
    search_fields = ["call__task__contract_no", "call__task__customer_name"]
    actions = ["claim_selected", "pass_selected", "return_selected"]

    @admin.display(description=_("借款合同号"))
    def contract_no(self, review: QcReview) -> str:
        return review.call.task.contract_no

    @admin.display(description=_("客户姓名"))
    def customer(self, review: QcReview) -> str:
        return review.call.task.customer_name

    @admin.display(description=_("面谈岗"))
    def seat(self, review: QcReview) -> str:
        return str(review.call.seat)

    @admin.display(description=_("录像"))
    def recording(self, review: QcReview) -> SafeString:
        return format_html('<a href="/recordings/{}/">{}</a>', review.call_id, _("查看"))

    def _each(
        self, request: HttpRequest, rows: QuerySet[QcReview], move: ReviewMove | None
    ) -> None:
        assert isinstance(request.user, User)  # noqa: S101 - the admin lets only users in
        for row in rows:
            try:
                if move is None:
                    services.claim(row.pk, reviewer=request.user)
                else:
                    services.decide(row.pk, move, reviewer=request.user)
            except DomainError as refusal:
                self.message_user(
                    request, f"{row.call.task.contract_no}：{refusal.text}", messages.ERROR
                )

    @admin.action(description=_("认领"), permissions=["review"])
    def claim_selected(self, request: HttpRequest, rows: QuerySet[QcReview]) -> None:
        self._each(request, rows, None)

    @admin.action(description=_("质检通过"), permissions=["review"])
    def pass_selected(self, request: HttpRequest, rows: QuerySet[QcReview]) -> None:
        self._each(request, rows, ReviewMove.PASS)

    @admin.action(description=_("退回二次面谈"), permissions=["review"])
    def return_selected(self, request: HttpRequest, rows: QuerySet[QcReview]) -> None:
        self._each(request, rows, ReviewMove.RETURN)

    def has_review_permission(self, request: HttpRequest) -> bool:
        return may(request.user, "qc.review")
