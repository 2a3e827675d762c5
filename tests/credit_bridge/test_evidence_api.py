"""A system outside gets keys and daily roots, and can hold them against what it is shown later."""

import datetime as dt
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from evidence.models import Anchor, Seal
from evidence.offline import verify_evidence as verifier
from evidence.services import anchor_days, key_in_use

pytestmark = pytest.mark.django_db


@pytest.fixture
def anchors(settings, monkeypatch):
    settings.PARTNER_API_KEYS = {"archive": "key-of-archive", "app": "key-of-app"}
    settings.PARTNER_ARCHIVE_READERS = ["archive"]
    key = key_in_use()
    for day in (3, 2):
        Seal.objects.create(
            subject=uuid.uuid4(),
            manifest_sha256=f"{day:064x}",
            root="0" * 64,
            key=key,
            sealed_at=timezone.now() - dt.timedelta(days=day),
        )
    return anchor_days()


def asking(key):
    return APIClient(headers={"Authorization": f"Bearer {key}"})


def test_keys_and_roots_are_told_and_hold_by_themselves(anchors):
    client = asking("key-of-archive")

    keys = client.get(reverse("partner-evidence-keys")).json()
    told = client.get(reverse("partner-evidence-anchors")).json()

    ring = verifier.Keyring(keys)
    assert [row["root"] for row in told] == [anchor.root for anchor in anchors]
    before = ""
    for row in told:
        ring.check(row["document"], "anchor")
        assert row["document"]["prev"] == before
        before = verifier.sha256_hex(verifier.canonical(row["document"]))


def test_only_those_after_the_last_known_are_told(anchors):
    url = reverse("partner-evidence-anchors")
    client = asking("key-of-archive")

    assert [row["number"] for row in client.get(url, {"after": 1}).json()] == [2]
    assert client.get(url, {"after": 2}).json() == []
    assert client.get(url, {"after": "x"}).status_code == 400
    assert Anchor.objects.count() == 2


def test_without_the_scope_or_the_key_no_root_is_told(anchors):
    for name in ("partner-evidence-keys", "partner-evidence-anchors"):
        assert asking("key-of-app").get(reverse(name)).status_code == 403
        assert asking("nobody").get(reverse(name)).status_code == 401
