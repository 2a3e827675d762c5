"""The seat's socket."""

from django.urls import path

from .consumers import WorkbenchConsumer

websocket_urlpatterns = [path("ws/workbench/", WorkbenchConsumer.as_asgi())]  # type: ignore[arg-type]  # stubs know views only
