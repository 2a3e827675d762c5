"""Upload in parts, encoding as a job, what may be enabled and who may do it."""

import hashlib
import json
import sys
from pathlib import Path

import pytest
from django.contrib import admin
from django.urls import reverse

from accounts.selectors import actor_of
from audit.models import AuditEntry
from common.clock import db_now
from marketing_media import services
from marketing_media.errors import MediaEnabled, NotPlayable, WrongOffset
from marketing_media.models import MediaItem, MediaUpload, ProductMedia
from marketing_media.selectors import items_for, play_out
from marketing_media.services import encoding
from marketing_media.states import Encoding
from tests.marketing_media.conftest import client_of, person

pytestmark = pytest.mark.django_db
CHUNK = 64 * 1024


def send(item: MediaItem, user, file: Path, *, name="a.mp4"):
    body = file.read_bytes()
    upload = services.begin_upload(
        item.pk, user_id=user.pk, name=name, size=len(body), fingerprint="f"
    )
    for offset in range(upload.received, len(body), CHUNK):
        services.take_chunk(
            upload.pk, offset=offset, chunk=body[offset : offset + CHUNK], actor=actor_of(user)
        )
    item.refresh_from_db()


def test_a_film_goes_up_in_parts_is_encoded_and_can_then_be_enabled(item, small_film):
    user = person("m", "media.manage")
    with pytest.raises(NotPlayable):
        services.set_enabled([item.pk], enabled=True, actor=actor_of(user))

    send(item, user, small_film, name="../../etc/风险.mp4")

    assert (item.encoding, item.source_name) == (Encoding.WAITING, "风险.mp4")
    assert item.source_sha256 == hashlib.sha256(small_film.read_bytes()).hexdigest()
    assert services.due_items(5) == [item.pk]

    assert services.encode_item(item.pk) is True

    item.refresh_from_db()
    assert (item.encoding, item.width, item.height) == (Encoding.READY, 854, 480)
    assert services.due_items(5) == []
    assert play_out(item.pk) is None, "not enabled yet"
    assert services.set_enabled([item.pk], enabled=True, actor=actor_of(user)) == 1
    played = play_out(item.pk)
    assert played is not None
    assert played.sha256 == hashlib.sha256(played.path.read_bytes()).hexdigest()
    assert (played.has_video, played.has_audio, played.no_skip) == (True, True, True)
    assert list(AuditEntry.objects.values_list("action", flat=True).order_by("pk")) == [
        "media.uploaded",
        "media.encoded",
        "media.enabled",
    ]


def test_an_upload_goes_on_where_it_stopped_and_refuses_another_place(item, small_film):
    user = person("m", "media.manage")
    body = small_film.read_bytes()
    size = len(body)

    def begin():
        return services.begin_upload(
            item.pk, user_id=user.pk, name="a.mp4", size=size, fingerprint="f"
        )

    upload = begin()
    services.take_chunk(upload.pk, offset=0, chunk=body[:1000], actor=actor_of(user))

    with pytest.raises(WrongOffset) as refused:
        services.take_chunk(upload.pk, offset=0, chunk=body[:1000], actor=actor_of(user))
    again = begin()

    assert refused.value.facts == {"received": 1000}
    assert (again.pk, again.received) == (upload.pk, 1000)
    assert (
        services.take_chunk(upload.pk, offset=1000, chunk=body[1000:], actor=actor_of(user)) is None
    )
    item.refresh_from_db()
    assert item.source.read_bytes() == body
    assert not MediaUpload.objects.exists()


def test_bytes_that_were_lost_with_the_disk_are_asked_for_again(item):
    user = person("m", "media.manage")
    upload = services.begin_upload(item.pk, user_id=user.pk, name="a", size=2000, fingerprint="f")
    services.take_chunk(upload.pk, offset=0, chunk=b"x" * 1000, actor=actor_of(user))
    upload.file.unlink()

    with pytest.raises(WrongOffset) as refused:
        services.take_chunk(upload.pk, offset=1000, chunk=b"x" * 1000, actor=actor_of(user))

    assert refused.value.facts == {"received": 0}


def test_a_file_that_is_no_film_fails_with_a_sentence_and_leaves_the_old_play_out(
    item, small_film, tmp_path
):
    user = person("m", "media.manage")
    send(item, user, small_film)
    services.encode_item(item.pk)
    before = MediaItem.objects.get(pk=item.pk)
    text = tmp_path / "text.mp4"
    text.write_text("no film " * 50)

    send(item, user, text)
    assert services.encode_item(item.pk) is False

    item.refresh_from_db()
    assert (item.encoding, item.problem_text) == (Encoding.FAILED, "不是可识别的音视频文件。")
    assert (item.play_epoch, item.play_sha256) == (before.play_epoch, before.play_sha256)
    assert item.play_file.is_file()


def test_an_encoder_that_crashes_is_tried_again_and_then_given_up(item, small_film, monkeypatch):
    user = person("m", "media.manage")
    send(item, user, small_film)
    monkeypatch.setattr(sys, "executable", "/bin/false")

    for _ in range(3):
        assert services.encode_item(item.pk) is False
        MediaItem.objects.update(lease_until=None)
    services.encode_item(item.pk)

    item.refresh_from_db()
    assert (item.encoding, item.problem, item.attempts) == (Encoding.FAILED, "crashed", 3)


def test_a_job_that_another_worker_holds_is_left_to_it(item, small_film):
    send(item, person("m", "media.manage"), small_film)
    MediaItem.objects.update(encoding=Encoding.ENCODING, lease_until=db_now() + encoding.LEASE)

    assert services.encode_item(item.pk) is False
    assert services.due_items(5) == []


def test_a_product_has_its_enabled_items_in_order(item, small_film):
    user = person("m", "media.manage")
    other = MediaItem.objects.create(title="产品介绍", kind="product")
    ProductMedia.objects.create(product_code="YXD", item=item, auto_play=True, order=2)
    ProductMedia.objects.create(product_code="YXD", item=other, order=1)
    send(item, user, small_film)
    services.encode_item(item.pk)
    services.set_enabled([item.pk], enabled=True, actor=actor_of(user))

    assert [(row.item_id, row.auto_play) for row in items_for("YXD")] == [(item.pk, True)]
    assert items_for("OTHER") == []
    with pytest.raises(MediaEnabled):
        services.delete_item(item.pk, actor=actor_of(user))
    assert item.folder.exists()
    services.set_enabled([item.pk], enabled=False, actor=actor_of(user))
    services.delete_item(item.pk, actor=actor_of(user))
    assert not item.folder.exists()


def test_parts_go_through_the_page_and_only_with_the_operation(item):
    body = {"name": "a.mp4", "size": 6, "fingerprint": "f"}
    begin = reverse("marketing_media:begin", args=[item.pk])
    looker = client_of(person("v", "media.view"))
    stranger = client_of(person("s", "workbench.use"))
    manager = client_of(person("m", "media.manage"))
    for client in (looker, stranger):
        response = client.post(begin, json.dumps(body), content_type="application/json")
        assert response.status_code == 404

    begun = manager.post(begin, json.dumps(body), content_type="application/json").json()
    url = reverse("marketing_media:upload", args=[begun["id"]])

    def put(client, offset, body):
        return client.put(
            url, body, content_type="application/octet-stream", headers={"Upload-Offset": offset}
        )

    first = put(manager, "0", b"abc")
    moved = put(manager, "0", b"abc")
    foreign = put(client_of(person("m2", "media.manage")), "3", b"def")
    last = put(manager, "3", b"def")

    assert first.json() == {"done": False, "received": 3}
    assert (moved.status_code, moved.json()["facts"]) == (409, {"received": 3})
    assert foreign.status_code == 404, "another person's upload does not exist"
    assert last.json() == {"done": True}
    assert looker.get(reverse("marketing_media:state", args=[item.pk])).json()["encoding"] == (
        Encoding.WAITING
    )


def test_preview_and_poster_are_for_staff_who_may(item, small_film):
    manager = person("m", "media.manage")
    send(item, manager, small_film)
    services.encode_item(item.pk)
    preview = reverse("marketing_media:preview", args=[item.pk])
    poster = reverse("marketing_media:poster", args=[item.pk])

    part = client_of(manager).get(preview, headers={"Range": "bytes=0-9"})
    picture = client_of(person("seat", "workbench.use")).get(poster, headers={"Range": "bytes=0-9"})

    assert (part.status_code, part["Content-Type"], len(part.content)) == (206, "video/mp4", 10)
    assert picture["Content-Type"] == "image/jpeg"
    assert client_of(person("none")).get(preview).status_code == 404


def test_the_list_and_the_form_show_state_products_and_the_upload(item, small_film):
    manager = person("m", "media.manage")
    ProductMedia.objects.create(product_code="YXD", item=item, auto_play=True)
    send(item, manager, small_film)
    services.encode_item(item.pk)
    client = client_of(manager)

    listed = client.get(reverse("admin:marketing_media_mediaitem_changelist")).content.decode()
    form = client.get(
        reverse("admin:marketing_media_mediaitem_change", args=[item.pk])
    ).content.decode()
    read_only = client_of(person("v", "media.view")).get(
        reverse("admin:marketing_media_mediaitem_change", args=[item.pk])
    )

    for text in ("0:03 · 854×480", "YXD（自动）", "可播放"):
        assert text in listed
    assert "data-media-file" in form
    assert read_only.status_code == 200
    assert "data-media-file" not in read_only.content.decode()


def test_a_form_that_is_saved_while_an_encoding_ends_leaves_the_play_out_alone(item, rf):
    request = rf.post("/")
    request.user = person("m", "media.manage")
    pages = admin.site.get_model_admin(MediaItem)
    opened = MediaItem.objects.get(pk=item.pk)
    MediaItem.objects.filter(pk=item.pk).update(play_epoch=3, encoding=Encoding.READY)

    form = pages.get_form(request, opened, change=True)(
        {"title": "新名称", "kind": item.kind, "no_skip": "on"}, instance=opened
    )
    assert form.is_valid()
    pages.save_model(request, form.save(commit=False), form, change=True)

    item.refresh_from_db()
    assert (item.title, item.play_epoch, item.encoding) == ("新名称", 3, Encoding.READY)


def test_what_cannot_be_played_is_not_enabled_from_the_list(item):
    client = client_of(person("m", "media.manage"))
    url = reverse("admin:marketing_media_mediaitem_changelist")

    page = client.post(
        url, {"action": "enable", "_selected_action": [item.pk]}, follow=True
    ).content.decode()

    item.refresh_from_db()
    assert item.enabled is False
    assert "尚无可播放的文件，不能启用" in page
