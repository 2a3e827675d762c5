"""ASGI entry: pages and APIs by Django, sockets by Channels."""

import gc
import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "interview_site.settings.dev")
django_application = get_asgi_application()  # apps must be loaded before the consumers' imports

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from customer_sdk.routing import websocket_urlpatterns as sdk_sockets  # noqa: E402
from workbench.routing import websocket_urlpatterns as workbench_sockets  # noqa: E402

sockets: list[Any] = [*workbench_sockets, *sdk_sockets]
application = ProtocolTypeRouter(
    {
        "http": django_application,
        "websocket": AuthMiddlewareStack(URLRouter(sockets)),
    }
)

# What stays for good is not looked through again and again: a whole collection halts every request
# and socket of the process, for 50 to 80 ms before this.
_ = get_resolver().url_patterns  # and with it every page
gc.collect()
gc.freeze()
