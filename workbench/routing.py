"""The sockets of seats and of supervisors."""

from django.urls import path

from .consumers import WorkbenchConsumer
from .supervision_consumer import SupervisionConsumer

websocket_urlpatterns = [
    path("ws/workbench/", WorkbenchConsumer.as_asgi()),  # type: ignore[arg-type]  # stubs know views only
    path("ws/supervision/<uuid:call_id>/", SupervisionConsumer.as_asgi()),  # type: ignore[arg-type]
]
