"""The bank's side of the wire: what may be asked, with which body, answered by what.

One table for the client, the simulator and `docs/bank-openapi.yaml`. A request is a POST of JSON to
`/bank/v1/<operation>`; nothing personal stands in a URL. Readers are tolerant: unknown fields are
ignored, so that either side may add some.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, create_model

from common.errors import DomainError

from . import errors, ports

PREFIX = "/bank/v1/"
# Binary content travels as base64 text.
_CONFIG = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True)
class Operation:
    """One method of a port on the wire. `changes` says whether it does more than answer."""

    name: str
    port: type
    changes: bool

    @property
    def path(self) -> str:
        return PREFIX + self.name.replace("_", "-")

    @property
    def method(self) -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(self.port, self.name)
        return found

    @cached_property
    def request(self) -> TypeAdapter[Any]:
        """The arguments by name, as one object."""
        hints = get_type_hints(self.method)
        hints.pop("return")
        fields: dict[str, Any] = {name: (kind, ...) for name, kind in hints.items()}
        model = create_model(f"{self.name}_request", __config__=_CONFIG, **fields)
        return TypeAdapter(model)

    @cached_property
    def answer(self) -> TypeAdapter[Any]:
        kind = get_type_hints(self.method)["return"]
        model = create_model(f"{self.name}_answer", __config__=_CONFIG, value=(kind, ...))
        return TypeAdapter(model)

    @property
    def summary(self) -> str:
        return (inspect.getdoc(self.method) or self.name.replace("_", " ")).splitlines()[0]


PORTS: tuple[type, ...] = (
    ports.CreditPort,
    ports.MessagePort,
    ports.ProgressPort,
    ports.BankAppsPort,
    ports.RecognitionPort,
)


def _operations() -> dict[str, Operation]:
    found: dict[str, Operation] = {}
    for port in PORTS:
        for name, member in vars(port).items():
            if not name.startswith("_") and inspect.isfunction(member):
                changes = get_type_hints(member)["return"] is type(None)
                found[name] = Operation(name, port, changes)
    return found


OPERATIONS: Mapping[str, Operation] = _operations()
BY_PATH: Mapping[str, Operation] = {operation.path: operation for operation in OPERATIONS.values()}

# Refusals that cross the wire by their code and come out as the same error.
REFUSALS: Mapping[str, type[DomainError]] = {
    kind.code: kind
    for kind in (
        errors.CaseUnknown,
        errors.InProvince,
        errors.NotPassed,
        errors.ProposalGone,
        errors.ProposalUndecided,
        errors.ProposalWrong,
        errors.WrongStep,
    )
}


def openapi() -> dict[str, Any]:
    """The contract as OpenAPI 3.1, for those who build the bank's side."""
    schemas: dict[str, Any] = {}
    paths: dict[str, Any] = {}
    for operation in OPERATIONS.values():
        paths[operation.path] = {
            "post": {
                "operationId": operation.name,
                "summary": operation.summary,
                "tags": [operation.port.__name__.removesuffix("Port")],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": _schema(operation.request, schemas)}
                    },
                },
                "responses": {
                    "200": {
                        "description": "Done; a repetition is answered alike.",
                        "headers": {"X-Bank-Signature": {"schema": {"type": "string"}}},
                        "content": {
                            "application/json": {"schema": _schema(operation.answer, schemas)}
                        },
                    },
                    "4XX": _problem("Refused for good; nothing was changed."),
                    "5XX": _problem("Not now; ask again with the same message."),
                },
            }
        }
    schemas["Problem"] = {
        "type": "object",
        "required": ["code", "title"],
        "properties": {
            "code": {"type": "string", "description": "Stable; known: " + ", ".join(REFUSALS)},
            "title": {"type": "string", "description": "The sentence for the person."},
            "facts": {"type": "object"},
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "What the interview system asks of the bank's systems",
            "version": "1.0.0",
            "description": (__doc__ or "") + SIGNING,
        },
        "security": [{"signature": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": SIGNING,
                }
            },
        },
    }


SIGNING = """
Both sides sign with HMAC-SHA256 over a shared secret. The request's `Authorization` is
`HMAC-SHA256 key=<id>, date=<unix seconds>, nonce=<32 hex digits>, signature=<hex>` over the lines
method, path, date, nonce, SHA-256 of the body in hex. Dates further off than 300 s and nonces seen
before are refused with 401. The answer's `X-Bank-Signature` is the same over the lines status,
nonce of the request, SHA-256 of the body; an answer without it is not believed. Beneath is TLS,
with a client certificate where the bank asks for one.
"""


def _schema(adapter: TypeAdapter[Any], schemas: dict[str, Any]) -> dict[str, Any]:
    schema = adapter.json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schema.pop("title", None)
    return schema


def _problem(description: str) -> dict[str, Any]:
    return {
        "description": description,
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
