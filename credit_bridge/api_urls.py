"""The partner API under /api/partner/v1/."""

from django.urls import path

from . import case_api
from .api import SeatDaysView, SeatsView, TasksByPhoneView, TaskView, TimetableView
from .archive_api import ContractEndView, RecordingFileView, RecordingsView
from .evidence_api import AnchorsView, EvidenceKeysView

CASE = "cases/<str:contract_no>"

urlpatterns = [
    path("tasks", TasksByPhoneView.as_view(), name="partner-tasks"),
    path("tasks/<uuid:task_id>", TaskView.as_view(), name="partner-task"),
    path("recordings", RecordingsView.as_view(), name="partner-recordings"),
    path(
        "recordings/<uuid:recording_id>/files/<int:file_id>",
        RecordingFileView.as_view(),
        name="partner-recording-file",
    ),
    path("contracts/<str:contract_no>/end", ContractEndView.as_view(), name="partner-contract-end"),
    path("evidence/keys", EvidenceKeysView.as_view(), name="partner-evidence-keys"),
    path("evidence/anchors", AnchorsView.as_view(), name="partner-evidence-anchors"),
    path("timetable", TimetableView.as_view(), name="partner-timetable"),
    path("seats", SeatsView.as_view(), name="partner-seats"),
    path("seats/<str:staff_no>/days", SeatDaysView.as_view(), name="partner-seat-days"),
    path(
        "tasks/<uuid:task_id>/appointment",
        case_api.RescheduleView.as_view(),
        name="partner-reschedule",
    ),
    path("open-login", case_api.OpenLoginView.as_view(), name="partner-open-login"),
    path("loans", case_api.LoansView.as_view(), name="partner-loans"),
    path("cases", case_api.CasesView.as_view(), name="partner-cases"),
    path(CASE, case_api.CaseView.as_view(), name="partner-case"),
    path(f"{CASE}/progress", case_api.ProgressView.as_view(), name="partner-progress"),
    path(
        f"{CASE}/bank-app-progress",
        case_api.BankAppProgressView.as_view(),
        name="partner-bank-app-progress",
    ),
    path(f"{CASE}/interview", case_api.BookView.as_view(), name="partner-book"),
    path(f"{CASE}/contract", case_api.SubmitContractView.as_view(), name="partner-contract"),
    path(f"{CASE}/signing", case_api.SubmitSigningView.as_view(), name="partner-signing"),
    path(
        f"{CASE}/proposals/<str:proposal_id>",
        case_api.DecideProposalView.as_view(),
        name="partner-proposal",
    ),
    path(f"{CASE}/sms", case_api.SmsView.as_view(), name="partner-sms"),
    path(f"{CASE}/reversal", case_api.ReverseView.as_view(), name="partner-reverse"),
    path(f"{CASE}/node", case_api.ReachNodeView.as_view(), name="partner-node"),
]
