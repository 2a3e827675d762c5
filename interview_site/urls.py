"""Where each room's pages and interfaces hang."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("ui.urls")),
    path("", include("accounts.urls")),
    path("", include("seats.urls")),
    path("", include("operations.urls")),
    path("workbench/", include("workbench.urls")),
    path("recordings/", include("recordings.urls")),
    path("h5/", include("customer_sdk.urls")),
    path("demo/", include("partner_portals.urls")),
    path("api/sdk/v1/", include("customer_sdk.api_urls")),
    path("api/partner/v1/", include("credit_bridge.api_urls")),
    path("api/partner/v1/", include("customer_sdk.partner_api")),
    path("internal/media/v1/", include("interviews.media_api")),
    path("admin/", admin.site.urls),
]
