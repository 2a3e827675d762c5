# ruff: noqa: F811 - the fixture is imported
"""Who saw which stretch of a played item is on the page of its recording (MKT-3)."""

import pytest
from django.urls import reverse
from django.utils import timezone

from interviews.models import Participant, PlayOut
from recordings.audience_panel import audience_panel, seen_text
from tests.recordings.test_views import as_user, world  # noqa: F401 - a fixture
from tests.support.factories import make_call, make_task, person

pytestmark = pytest.mark.django_db


def customer(call, party) -> Participant:
    place, _made = call.participants.get_or_create(role="customer", party=party)
    place.joined_at = timezone.now()
    place.save()
    return place


def played(call, *stretches, state="ENDED", no_skip=True, position_ms=60_000) -> PlayOut:
    event = call.events.create(kind="media", at_ms=12_000, payload={"title": "风险提示"})
    return PlayOut.objects.create(
        call=call,
        item_id=1,
        title="风险提示",
        no_skip=no_skip,
        duration_ms=60_000,
        position_ms=position_ms,
        state=state,
        event=event,
        audience=[
            {"participant_id": str(place.pk), "from_ms": start, "until_ms": end}
            for place, start, end in stretches
        ],
    )


def test_the_page_tells_of_every_item_and_every_customer_how_much_was_seen(world):
    (party,) = world.call.task.parties.all()
    played(world.call, (customer(world.call, party), 12_000, 72_000))

    page = as_user(world.supervisor).get(reverse("recordings:detail", args=[world.call.pk]))

    text = " ".join(page.content.decode().split())
    assert "素材观看记录" in text
    assert f"<td>{party.name}</td><td>全程</td>" in text.replace("> <", "><")
    assert "风险提示（必看）" in text
    assert "00:12 起，已播完，01:00 / 01:00" in text


def test_who_was_away_for_a_while_or_came_later_is_told_from_who_saw_all():
    call = make_call(
        make_task(person("张晓明"), person("李红", "SPOUSE"), person("王强", "SPOUSE"))
    )
    one, other, late = (customer(call, party) for party in call.task.parties.order_by("name"))
    played(
        call,
        *((one, 12_000, 40_000), (one, 50_000, 82_000)),  # paused for both
        *((other, 12_400, 40_000), (other, 65_000, 82_000)),
    )

    rows = audience_panel(call).rows

    seen = {row[2]: row[3] for row in rows}
    assert seen == {
        one.name: "全程",
        other.name: "00:12–00:40、01:05–01:22（缺 15 秒）",
        late.name: "未观看",
    }


def test_what_was_stopped_was_seen_by_nobody_as_a_whole_and_what_plays_has_no_end():
    call = make_call()
    place = call.participants.get(role="customer")

    stopped = played(call, (place, 12_000, 30_000), state="STOPPED", position_ms=18_000)
    playing = played(call, (place, 40_000, None), state="PLAYING", position_ms=5_000)

    assert seen_text(stopped, str(place.pk)) == "00:12–00:30（已播放的部分）"
    assert seen_text(playing, str(place.pk)) == "00:40–至今（已播放的部分）"


def test_a_call_without_items_says_so():
    panel = audience_panel(make_call())

    assert (panel.rows, str(panel.note)) == ((), "本次通话没有播放素材。")
