"""REST of the SDK, under /api/sdk/v1/."""

from django.urls import path

from .api import AdmissionView, CallsView, ConsentView, PositionView, SessionView

urlpatterns = [
    path("admission", AdmissionView.as_view(), name="sdk-admission"),
    path("session", SessionView.as_view(), name="sdk-session"),
    path("consent", ConsentView.as_view(), name="sdk-consent"),
    path("position", PositionView.as_view(), name="sdk-position"),
    path("calls", CallsView.as_view(), name="sdk-calls"),
]
