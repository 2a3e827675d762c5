"""The customer's socket."""

from django.urls import path

from .consumers import CustomerConsumer

websocket_urlpatterns = [path("ws/sdk/v1/", CustomerConsumer.as_asgi())]  # type: ignore[arg-type]  # stubs know views only
