"""Keys and daily roots for a system outside: a witness against whom no day can be rewritten (STO-4)."""

import json
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from evidence.models import Anchor
from evidence.selectors import key_records

from .archive_api import PROBLEMS, ArchiveView

PAGE = 200


class SigningKeySerializer(serializers.Serializer[Any]):
    kid = serializers.CharField(help_text="ev- and 32 hex digits of the public key's SHA-256.")
    public = serializers.CharField(help_text="Ed25519, hex.")
    valid_from_unix_ms = serializers.IntegerField()
    prev = serializers.CharField(help_text="The key before; empty for the first.")
    own = serializers.CharField(help_text="Signature by the key itself, hex.")
    endorsed = serializers.CharField(help_text="Signature by the key before, hex.")


class AnchorSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    day = serializers.DateField()
    count = serializers.IntegerField(help_text="Manifests sealed on the day.")
    root = serializers.CharField(  # type: ignore[assignment]  # the name hides Field.root, unused
        help_text="Merkle root (RFC 6962) over their SHA-256, hex."
    )
    document = serializers.JSONField(help_text="The signed anchor (docs/evidence.md).")


class AfterQuery(serializers.Serializer[Any]):
    after = serializers.IntegerField(min_value=0, max_value=2**31 - 1, default=0)


class EvidenceKeysView(ArchiveView):
    @extend_schema(
        operation_id="listEvidenceKeys",
        summary="Public keys that sign recordings, oldest first (STO-4)",
        responses={200: SigningKeySerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        self.actor(request)
        return Response(key_records())


class AnchorsView(ArchiveView):
    @extend_schema(
        operation_id="listEvidenceAnchors",
        summary="Daily roots over all sealed recordings, to be kept outside (STO-4)",
        parameters=[OpenApiParameter("after", int, description="Number of the last one known.")],
        responses={200: AnchorSerializer(many=True), **PROBLEMS},
    )
    def get(self, request: Request) -> Response:
        """At most 200, in order; ask again with the last number."""
        self.actor(request)
        query = AfterQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        found = Anchor.objects.filter(number__gt=query.validated_data["after"]).order_by("number")
        rows = [
            {
                "number": anchor.number,
                "day": anchor.day,
                "count": anchor.count,
                "root": anchor.root,
                "document": json.loads(anchor.document),
            }
            for anchor in found[:PAGE]
        ]
        return Response(AnchorSerializer(rows, many=True).data)
