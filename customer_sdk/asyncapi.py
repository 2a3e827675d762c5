"""The AsyncAPI 3.0 description of the SDK's socket, made from the frames the code uses."""

import re
from typing import Any, get_args

from pydantic.json_schema import models_json_schema

from . import protocol as p

ADDRESS = "/ws/sdk/v1/"


def _frames(union: Any) -> tuple[type[p.Frame], ...]:
    """The classes of a union; an annotated one holds it inside."""
    inside = get_args(union)
    return get_args(inside[0]) if inside and get_args(inside[0]) else inside


def _message(frame: type[p.Frame]) -> dict[str, Any]:
    words = " ".join((frame.__doc__ or "").split())
    return {
        "name": frame.model_fields["type"].annotation.__args__[0],  # type: ignore[union-attr]
        "contentType": "application/json",
        **({"summary": words} if words else {}),
        "payload": {"$ref": f"#/components/schemas/{frame.__name__}"},
    }


def _close_codes() -> dict[str, str]:
    """`  4400 text…` lines of the protocol's docstring."""
    said = " ".join((p.__doc__ or "").split("Close codes:")[1].split())
    return dict(re.findall(r"(\d{4}) (.*?)(?= \d{4} |$)", said))


def document() -> dict[str, Any]:
    """The whole description, with sorted keys where order says nothing."""
    incoming, outgoing = _frames(p.Incoming), _frames(p.Outgoing)
    _, schemas = models_json_schema(
        [(frame, "validation") for frame in (*incoming, *outgoing)],
        ref_template="#/components/schemas/{model}",
    )

    def names(frames: tuple[type[p.Frame], ...]) -> list[dict[str, str]]:
        return [{"$ref": f"#/channels/sdk/messages/{frame.__name__}"} for frame in frames]

    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Video interview: socket of the customer's SDK",
            "version": "1.0.0",
            "description": (
                "JSON text frames. The first frame is `hello` with the call token, within five "
                "seconds; every request has an `id` and is answered by `done` or `refused`; pushes "
                "carry `seq`: a gap means something was lost, connect again. Frames of unknown "
                "kinds are refused; clients ignore pushes they do not know."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {
            "sdk": {
                "address": ADDRESS,
                "messages": {
                    frame.__name__: {"$ref": f"#/components/messages/{frame.__name__}"}
                    for frame in (*incoming, *outgoing)
                },
                "x-close-codes": _close_codes(),
            }
        },
        "operations": {
            "receiveFromClient": {
                "action": "receive",
                "channel": {"$ref": "#/channels/sdk"},
                "messages": names(incoming),
            },
            "sendToClient": {
                "action": "send",
                "channel": {"$ref": "#/channels/sdk"},
                "messages": names(outgoing),
            },
        },
        "components": {
            "messages": {frame.__name__: _message(frame) for frame in (*incoming, *outgoing)},
            "schemas": schemas["$defs"],
        },
    }
