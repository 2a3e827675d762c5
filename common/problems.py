"""Refusals on APIs: RFC 9457 problem details with stable codes."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_handler

from .errors import DomainError

MEDIA_TYPE = "application/problem+json"


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details; `code` is stable, `title` is the sentence for the person."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    retryable = serializers.BooleanField()
    facts = serializers.DictField()


def problem_body(error: DomainError) -> dict[str, Any]:
    return {
        "type": f"/problems/{error.code}",
        "title": error.text,
        "status": error.status,
        "code": error.code,
        "retryable": error.retryable,
        "facts": error.facts,
    }


def problem(error: DomainError) -> Response:
    wait_s = error.facts.get("retry_after_s")
    headers = {} if wait_s is None else {"Retry-After": str(wait_s)}
    return Response(
        problem_body(error), status=error.status, headers=headers, content_type=MEDIA_TYPE
    )


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's EXCEPTION_HANDLER: DomainError and DRF's own exceptions become problem details."""
    if isinstance(exc, DomainError):
        return problem(exc)
    response = drf_handler(exc, context)
    if response is None or not isinstance(exc, APIException):
        return response
    codes = exc.get_codes()
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": str(exc.default_detail),
        "status": response.status_code,
        "code": codes if isinstance(codes, str) else "invalid",
        "retryable": response.status_code in {429, 503},
        "facts": {"fields": response.data} if isinstance(exc, ValidationError) else {},
    }
    return Response(
        body, status=response.status_code, headers=dict(response.headers), content_type=MEDIA_TYPE
    )
