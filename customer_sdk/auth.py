"""Bearer call tokens on the SDK's REST interface."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.request import Request

from . import services
from .errors import SessionRefused
from .models import CallToken


class CallTokenAuth(BaseAuthentication):
    """`Authorization: Bearer <call token>`; `request.auth` is the CallToken."""

    def authenticate(self, request: Request) -> tuple[None, CallToken]:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer" or not secret:
            raise SessionRefused
        return None, services.token_for(secret.strip())

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class CallTokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = CallTokenAuth
    name = "callToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
