"""What the interfaces are, under /api/docs/: OpenAPI, AsyncAPI and a page to read, all from here."""

import functools
from typing import Any

import yaml
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from . import asyncapi

app_name = "api_docs"


@functools.cache
def _openapi() -> dict[str, Any]:
    """One process, one code: the description does not change while it runs."""
    make: Any = SchemaGenerator
    described: dict[str, Any] = make().get_schema(request=None, public=True)
    return described


def _yaml(described: dict[str, Any]) -> HttpResponse:
    text = yaml.safe_dump(described, allow_unicode=True, sort_keys=False)
    return HttpResponse(text, content_type="application/yaml; charset=utf-8")


@require_safe
def openapi_yaml(request: HttpRequest) -> HttpResponse:
    return _yaml(_openapi())


@require_safe
def asyncapi_yaml(request: HttpRequest) -> HttpResponse:
    return _yaml(asyncapi.document())


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """Every operation and frame on one page that needs no script."""
    facts = {
        "bank": settings.BANK_NAME,
        "groups": _groups(_openapi()),
        "socket": asyncapi.ADDRESS,
        "frames": _frames(asyncapi.document()),
        "close_codes": [
            (code, _said(text))
            for code, text in asyncapi.document()["channels"]["sdk"]["x-close-codes"].items()
        ],
    }
    return render(request, "customer_sdk/api_docs.html", facts)


def _said(text: str) -> SafeString:
    """The names in it set apart: of Markdown our texts use nothing else."""
    parts = enumerate(text.split("`"))
    spans = (format_html("<code>{}</code>", part) if n % 2 else part for n, part in parts)
    return format_html_join("", "{}", ((span,) for span in spans))


def _groups(described: dict[str, Any]) -> list[dict[str, Any]]:
    sdk: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for address, methods in described["paths"].items():
        for method, said in methods.items():
            row = {
                "method": method.upper(),
                "path": address,
                "id": said["operationId"],
                "summary": _said(said.get("summary", "")),
                "description": _said(said.get("description", "")),
                "fields": _fields(described, said),
                "answers": sorted(said["responses"]),
            }
            (sdk if address.startswith("/api/sdk/") else others).append(row)
    return [
        {"id": "sdk", "operations": sdk},
        {"id": "partner", "operations": others},
    ]


def _fields(described: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Name, kind and whether it must be there, of the parameters and of the body's top level."""
    found = [
        {
            "name": parameter["name"],
            "kind": f"{parameter['in']} · {parameter['schema'].get('type', '')}",
            "must": parameter.get("required", False),
        }
        for parameter in operation.get("parameters", [])
    ]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    schema = described["components"]["schemas"].get(name, {})
    for field, kind in schema.get("properties", {}).items():
        found.append(
            {
                "name": field,
                "kind": kind.get("type", "object"),
                "must": field in schema.get("required", []),
            }
        )
    return found


def _frames(described: dict[str, Any]) -> list[dict[str, Any]]:
    pushes = {
        row["$ref"].rsplit("/", 1)[-1]
        for row in described["operations"]["sendToClient"]["messages"]
    }
    return [
        {
            "name": message["name"],
            "to_client": key in pushes,
            "summary": _said(message.get("summary", "")),
            "fields": [
                field
                for field in described["components"]["schemas"][key].get("properties", {})
                if field != "type"
            ],
        }
        for key, message in described["components"]["messages"].items()
    ]


urlpatterns = [
    path("", index, name="index"),
    path("openapi.yaml", openapi_yaml, name="openapi"),
    path("asyncapi.yaml", asyncapi_yaml, name="asyncapi"),
]
