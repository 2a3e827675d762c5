"""REST of the SDK, under /api/sdk/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("admission", api.AdmissionView.as_view(), name="sdk-admission"),
    path("session", api.SessionView.as_view(), name="sdk-session"),
    path("consent", api.ConsentView.as_view(), name="sdk-consent"),
    path("position", api.PositionView.as_view(), name="sdk-position"),
    path("network-test", api.NetworkTestView.as_view(), name="sdk-network-test"),
    path("device-checks", api.DeviceCheckView.as_view(), name="sdk-device-checks"),
    path("calls", api.CallsView.as_view(), name="sdk-calls"),
    path("hand-over", api.HandOverView.as_view(), name="sdk-hand-over"),
    path("contract", api.ContractView.as_view(), name="sdk-contract"),
    path("cards/<uuid:card_id>/answer", api.CardAnswerView.as_view(), name="sdk-card-answer"),
    path("stills/<uuid:still_id>", api.StillView.as_view(), name="sdk-still"),
    path("rescue/<uuid:call_id>", api.RescueView.as_view(), name="sdk-rescue"),
    path(
        "rescue/<uuid:call_id>/<uuid:segment_id>",
        api.RescueSegmentView.as_view(),
        name="sdk-rescue-segment",
    ),
    path("option-consents", api.OptionConsentView.as_view(), name="sdk-option-consents"),
    path("rating", api.RatingView.as_view(), name="sdk-rating"),
]
