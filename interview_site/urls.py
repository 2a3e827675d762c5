"""Where each room's pages and interfaces hang."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

handler403 = "ui.views.forbidden"
handler404 = "ui.views.not_found"
handler500 = "ui.views.server_error"

urlpatterns = [
    path("", include("ui.urls")),
    path("", include("accounts.urls")),
    path("", include("seats.urls")),
    path("", include("operations.urls")),
    path("workbench/", include("workbench.urls")),
    path("supervision/", include("workbench.supervision_views")),
    path("exports/", include("exports.urls")),
    path("recordings/", include("recordings.urls")),
    path("qc/", include("qc.urls")),
    path("analytics/", include("analytics.urls")),
    path("seats/", include("appointments.urls")),
    path("wallboard/", include("queueing.urls")),
    path("dispatch/", include("queueing.rule_urls")),
    path("marketing/", include("marketing_media.urls")),
    path("bridge/", include("credit_bridge.urls")),
    path("h5/", include("customer_sdk.urls")),
    # The stand-ins of the bank's own apps are not there at all where nothing is shown to anybody.
    *([path("demo/", include("partner_portals.urls"))] if settings.DEMO else []),
    path("api/docs/", include("customer_sdk.api_docs")),
    path("api/sdk/v1/", include("customer_sdk.api_urls")),
    path("api/partner/v1/", include("credit_bridge.api_urls")),
    path("api/partner/v1/", include("customer_sdk.partner_api")),
    path("internal/media/v1/", include("interviews.media_api")),
    path("admin/", admin.site.urls),
]
