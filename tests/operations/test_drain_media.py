"""The operator empties a media worker before a release."""

import io

import pytest
from django.core.management import CommandError, call_command

from audit.models import AuditEntry
from audit.sentences import object_of, sentence
from media_worker.gateway import MediaUnavailable
from media_worker.models import MediaWorker
from media_worker.selectors import choose_worker
from tests.support.factories import make_call
from tests.support.fake_worker import fake_worker

pytestmark = pytest.mark.django_db


def drain(*arguments: str) -> tuple[str, str]:
    """What the command said, and what it warned of."""
    said, warned = io.StringIO(), io.StringIO()
    call_command("drain_media", *arguments, stdout=said, stderr=warned, no_color=True)
    return said.getvalue(), warned.getvalue()


def test_the_worker_takes_no_new_calls_and_the_operator_hears_how_many_still_run() -> None:
    with fake_worker(make_call()) as worker:
        worker.calls = 3
        said, warned = drain("fake")

        assert worker.told("/v1/drain") == [{}]
    assert said == "fake 不再接新的通话，还有 3 路进行中，结束后即可停止；再次运行可查看\n"
    assert warned == "没有其他可用的媒体服务进程：新的通话暂不能接通\n"
    with pytest.raises(MediaUnavailable):
        choose_worker()
    entry = AuditEntry.objects.get(action="media_worker.drained")
    assert object_of(entry) == "媒体节点 fake"
    assert sentence(entry) == "系统 让媒体节点不再接新的通话（进行中的通话：3）"


def test_the_only_worker_need_not_be_named_and_an_empty_one_may_be_stopped() -> None:
    with fake_worker(make_call()):
        said, _ = drain()

    assert said == "fake 不再接新的通话，没有进行中的通话，可以停止\n"


def test_of_several_workers_one_must_be_named() -> None:
    with fake_worker(make_call()) as worker:
        other = MediaWorker.objects.get()
        other.pk, other.worker_id = None, "other"
        other.save(force_insert=True)

        with pytest.raises(CommandError, match="请写明媒体服务进程：fake、other"):
            drain()
        _, warned = drain("fake")

        assert worker.told("/v1/drain") == [{}]
    assert warned == ""


def test_a_worker_nobody_knows_and_one_that_does_not_answer_are_not_drained() -> None:
    with fake_worker(make_call()):
        pass  # it is away now

    for name in ("fake", "nobody"):
        with pytest.raises(CommandError, match=name):
            drain(name)
    assert not MediaWorker.objects.get().draining
    assert not AuditEntry.objects.filter(action="media_worker.drained").exists()
