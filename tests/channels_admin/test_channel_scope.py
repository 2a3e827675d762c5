"""A channel of an institution is that institution's: lists, changes, files and figures (ACC-3)."""

import pytest
from django.test import Client

from accounts.models import Institution, Role, User
from channels_admin.models import AdmissionAttempt, Channel
from common.spreadsheet import read_table

pytestmark = pytest.mark.django_db
LIST = "/admin/channels_admin/channel/"
OPERATIONS = ["channels.view", "channels.manage"]


@pytest.fixture
def bank():
    head = Institution.objects.create(code="1", name="总行")
    here = Institution.objects.create(code="2", name="上海", parent=head)
    Institution.objects.create(code="21", name="浦东", parent=here)
    Institution.objects.create(code="3", name="北京", parent=head)
    channels = {
        name: Channel.objects.create(name=name, code=name, institution_no=number)
        for name, number in (("own", "2"), ("below", "21"), ("foreign", "3"), ("bank", ""))
    }
    channels["outer"] = Channel.objects.create(name="outer", code="outer", institution_no="X9")
    for name in ("own", "foreign"):
        AdmissionAttempt.objects.create(channel_code=name, admitted=True, reason="admitted")
    return here, channels


def boss(institution, scope="institution"):
    user = User.objects.create_user("M1", "test-password", name="主管", is_staff=True)
    user.institution = institution
    user.save()
    user.roles.add(Role.objects.create(code="m", name="m", operations=OPERATIONS, scope=scope))
    client = Client()
    client.force_login(user)
    return client


def names(client, query=""):
    return {row.name for row in client.get(LIST + query).context["cl"].queryset}


def form_of(channel, **given):
    fields = {"name": channel.name, "code": channel.code, "enabled": "False"}
    for prefix in ("regions", "fences", "networks", "services"):
        fields |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    return fields | {"institution_no": channel.institution_no} | given


def test_one_sees_the_own_institutions_channels_and_those_of_none(bank):
    here, _channels = bank

    assert names(boss(here)) == {"own", "below", "bank", "outer"}


def test_a_foreign_channel_is_not_there_in_any_way(bank):
    here, channels = bank
    client = boss(here)
    foreign = channels["foreign"]
    act = {"action": "enable", "_selected_action": [foreign.pk], "index": "0"}

    for page in ("change/", "delete/", "trial/"):
        answer = client.get(f"{LIST}{foreign.pk}/{page}")
        assert answer.status_code in (302, 404), page
    client.post(f"{LIST}{foreign.pk}/change/", form_of(foreign, name="mine"))
    client.post(f"{LIST}{foreign.pk}/delete/", {"post": "yes"})
    client.post(LIST, act)
    client.post(LIST, act | {"action": "delete_selected", "post": "yes"})

    foreign.refresh_from_db()
    assert (foreign.name, foreign.enabled) == ("foreign", False)
    asked = {"source": "list:channels_admin.channel", "query": LIST, "form": "csv"}
    rows = read_table("x.csv", client.post("/exports/new", asked).content)
    assert {"own", "below", "bank", "outer"} == {row[1] for row in rows[1:]}


def test_a_channel_is_not_given_to_an_institution_that_is_not_ones_own(bank):
    here, channels = bank
    client = boss(here)
    own = channels["own"]

    refused = client.post(f"{LIST}{own.pk}/change/", form_of(own, institution_no="3"))
    moved = client.post(f"{LIST}{own.pk}/change/", form_of(own, institution_no="21"))

    assert "超出您的数据范围" in refused.content.decode()
    assert moved.status_code == 302
    own.refresh_from_db()
    assert own.institution_no == "21"


def test_attempts_and_their_figures_are_those_of_the_channels_one_sees(bank):
    here, _channels = bank
    client = boss(here)

    listed = client.get("/admin/channels_admin/admissionattempt/").context["cl"].queryset
    report = client.get("/admin/channels_admin/admissionattempt/report/")

    assert [attempt.channel_code for attempt in listed] == ["own"]
    assert [line.channel_code for line in report.context["rows"]] == ["own"]
    asked = {"source": "attempts", "query": "", "form": "csv"}
    rows = read_table("x.csv", client.post("/exports/new", asked).content)
    assert [row[1] for row in rows[1:]] == ["own"]


def test_who_sees_everything_sees_every_channel_and_own_means_the_own_institution(bank):
    here, channels = bank
    client = boss(here, scope="all")
    assert names(client) == set(channels)

    Role.objects.update(scope="own")

    assert names(client) == {"own", "bank", "outer"}
