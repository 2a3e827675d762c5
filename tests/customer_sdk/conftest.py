"""A party with a ticket, at the door of an enabled channel."""

import pytest

from channels_admin.models import Channel
from interviews.models import InterviewTask, Party
from tests.support.customers import Admitted, admit
from tests.support.factories import make_task, person


@pytest.fixture
def channel(db: None) -> Channel:
    return Channel.objects.create(name="原银在线", code="yuanyin", enabled=True, allow_walk_in=True)


@pytest.fixture
def task(channel: Channel) -> InterviewTask:
    return make_task(person("张晓明"), person("李文静", "SPOUSE"))


@pytest.fixture
def party(task: InterviewTask) -> Party:
    return task.parties.get(name="张晓明")


@pytest.fixture
def customer(party: Party) -> Admitted:
    return admit(party)
