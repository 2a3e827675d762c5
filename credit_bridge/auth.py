"""Who may call the partner API: a system of the bank with its shared key."""

import hmac

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from common.actor import Actor, ActorKind
from common.errors import Forbidden


class Partner:
    """A system, not a person: it has a name and nothing else."""

    is_authenticated = True

    def __init__(self, name: str) -> None:
        self.name = name

    def __str__(self) -> str:
        return self.name


class PartnerKey(BaseAuthentication):
    """`Authorization: Bearer <key>` with a key of settings.PARTNER_API_KEYS; 401 otherwise."""

    def authenticate(self, request: Request) -> tuple[Partner, None]:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme == "Bearer" and key:
            for name, expected in settings.PARTNER_API_KEYS.items():
                if hmac.compare_digest(key.encode(), expected.encode()):
                    return Partner(name), None
        raise AuthenticationFailed

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def require_scope(request: Request, scope: str) -> None:
    """settings.PARTNER_SCOPES names what a system may beyond its customers' tasks. Raises Forbidden."""
    if scope not in settings.PARTNER_SCOPES.get(str(request.user), ()):
        raise Forbidden


def actor_of(request: Request) -> Actor:
    name = str(request.user)
    return Actor(ActorKind.PARTNER, name, name, request.META.get("REMOTE_ADDR", ""))


class PartnerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = PartnerKey
    name = "partnerKey"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
