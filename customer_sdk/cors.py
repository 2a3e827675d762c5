"""Pages of listed origins may use the SDK's REST interface; the token is in a header, never a cookie."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from . import policy

PREFIX = "/api/sdk/"


class SdkCorsMiddleware:
    """CORS for /api/sdk/ and nothing else. An origin that is not listed gets no header at all."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        origin = request.headers.get("Origin", "")
        listed = request.path.startswith(PREFIX) and origin in policy.ALLOWED_ORIGINS
        asked = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        response = HttpResponse(status=204) if listed and asked else self.get_response(request)
        if listed:
            response["Access-Control-Allow-Origin"] = origin
            response["Vary"] = "Origin"
            response["Access-Control-Expose-Headers"] = "Retry-After, X-Request-ID"
            if asked:
                response["Access-Control-Allow-Methods"] = "GET, POST, PUT, DELETE"
                response["Access-Control-Allow-Headers"] = (
                    "Authorization, Content-Type, Idempotency-Key"
                )
                response["Access-Control-Max-Age"] = "600"
        return response
