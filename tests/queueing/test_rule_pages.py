"""分案规则: draft, publish, versions; what the editor asks and who may."""

import json
import threading

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from audit.models import AuditEntry
from common.errors import DomainError
from queueing import services
from queueing.errors import DraftChanged, NoDraft, RulesInvalid, SameRules
from queueing.models import CallRequest, RuleVersion
from queueing.selectors import policy_in_force
from queueing.states import VersionState
from tests.support.factories import SEAT_ACTOR, make_task

IDLE = {"key": "idle", "name": "空闲", "steps": [{"scope": "all", "strategy": "longest_idle"}]}
POLICY = {"rules": [IDLE], "ageing_s": 300}


def entered(staff_no, *operations):
    user = User.objects.create_user(staff_no, "test-password", name=staff_no)
    user.roles.add(Role.objects.create(code=staff_no, name="r", operations=list(operations)))
    client = Client()
    client.force_login(user)
    return client


def ask(client, name, **body):
    return client.post(reverse(f"dispatch:{name}"), json.dumps(body), "application/json")


@pytest.mark.django_db
def test_a_draft_is_published_and_the_version_before_is_kept():
    first = services.save_rules(POLICY, revision=0, actor=SEAT_ACTOR)
    services.publish_rules(first.revision, note="第一版", actor=SEAT_ACTOR)
    second = services.save_rules({"rules": [], "ageing_s": 60}, revision=0, actor=SEAT_ACTOR)

    services.publish_rules(second.revision, note="第二版", actor=SEAT_ACTOR)

    assert list(RuleVersion.objects.order_by("number").values_list("number", "state")) == [
        (1, VersionState.RETIRED),
        (2, VersionState.IN_FORCE),
    ]
    assert policy_in_force().ageing_s == 60
    actions = AuditEntry.objects.filter(object_type="rules").order_by("pk")
    assert (
        list(actions.values_list("action", flat=True))
        == [
            "rules.saved",
            "rules.published",
        ]
        * 2
    )


@pytest.mark.django_db
def test_what_does_not_hold_together_is_refused_with_its_place():
    bad = {**IDLE, "key": "b", "conditions": [{"attribute": "age", "op": "at_least"}]}

    with pytest.raises(RulesInvalid) as refusal:
        services.save_rules({"rules": [IDLE, bad]}, revision=0, actor=SEAT_ACTOR)

    assert refusal.value.facts["problems"] == [{"rule": 1, "text": "请为“年龄”填写数值。"}]
    assert not RuleVersion.objects.exists()


@pytest.mark.django_db
def test_a_draft_somebody_else_has_saved_is_not_overwritten():
    services.save_rules(POLICY, revision=0, actor=SEAT_ACTOR)

    with pytest.raises(DraftChanged):
        services.save_rules({"rules": []}, revision=0, actor=SEAT_ACTOR)
    with pytest.raises(DraftChanged):
        services.publish_rules(7, note="", actor=SEAT_ACTOR)

    assert RuleVersion.objects.get().policy["rules"][0]["key"] == "idle"


@pytest.mark.django_db
def test_publishing_needs_a_draft_that_differs():
    with pytest.raises(NoDraft):
        services.publish_rules(1, note="", actor=SEAT_ACTOR)
    for expected in (None, SameRules):
        draft = services.save_rules(POLICY, revision=0, actor=SEAT_ACTOR)
        if expected is None:
            services.publish_rules(draft.revision, note="", actor=SEAT_ACTOR)
        else:
            with pytest.raises(expected):
                services.publish_rules(draft.revision, note="", actor=SEAT_ACTOR)

    services.discard_draft(actor=SEAT_ACTOR)
    assert RuleVersion.objects.get().state == VersionState.IN_FORCE


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_publish_at_once_one_does():
    draft = services.save_rules(POLICY, revision=0, actor=SEAT_ACTOR)
    done, start = [], threading.Barrier(8)

    def publish():
        start.wait()
        try:
            services.publish_rules(draft.revision, note="", actor=SEAT_ACTOR)
            done.append(1)
        except DomainError:
            pass  # the expected answer of the seven others
        finally:
            connection.close()

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(done) == 1
    assert RuleVersion.objects.filter(state=VersionState.IN_FORCE).count() == 1


@pytest.mark.django_db
def test_the_pages_say_what_is_in_force_and_what_would_change():
    client = entered("M1", "dispatch.view", "dispatch.manage")
    saved = ask(client, "save", policy=POLICY, revision=0).json()
    assert saved["sentences"] == ["所有来电，先找全部示闲坐席中空闲最久优先。"]
    assert ask(client, "publish", revision=saved["revision"], note="上线").json() == {"number": 1}
    renamed = {"rules": [{**IDLE, "priority": 2}]}
    assert ask(client, "save", policy=renamed, revision=0).status_code == 200

    page = client.get(reverse("dispatch:rules")).content.decode()
    versions = client.get(reverse("dispatch:versions")).content.decode()

    assert "生效 第 1 版" in page
    assert "草稿 第 2 版" in page
    assert "所有来电，先找全部示闲坐席中空闲最久优先；优先级加 2。" in versions
    assert "<del>所有来电，先找全部示闲坐席中空闲最久优先。</del>" in " ".join(versions.split())


@pytest.mark.django_db
def test_a_draft_is_tried_on_a_real_caller_without_changing_anything():
    client = entered("V1", "dispatch.view")
    task = make_task()
    CallRequest.objects.create(task=task, party=task.parties.get())

    found = ask(client, "one", policy=POLICY, number=0).json()["found"]

    assert (found["rule"], found["chosen"], found["why"]) == ("空闲", None, "暂无空闲坐席。")
    assert task.customer_name not in json.dumps(found, ensure_ascii=False)
    assert ask(client, "one", policy=POLICY, number=1).json() == {"found": None}


@pytest.mark.django_db
def test_a_trial_is_played_by_a_worker_and_read_by_who_asked_for_it():
    client, other = entered("V1", "dispatch.view"), entered("V2", "dispatch.view")
    owner = str(User.objects.get(staff_no="V1").pk)
    first = ask(client, "replay", policy=POLICY, days=7).json()["trial"]

    def state(who, trial_id):
        return who.get(reverse("dispatch:replayed", args=[trial_id])).json()

    assert state(client, first) == {"share": 0, "found": None}
    second = ask(client, "replay", policy=POLICY, days=7).json()["trial"]
    services.run_trial(owner, first)  # another one took its place
    assert state(client, first)["code"] == "trial_gone"
    assert state(client, second) == {"share": 0, "found": None}
    services.run_trial(owner, second)

    assert state(client, second)["share"] == 1
    assert state(client, second)["found"]["arrivals"] == 0
    assert state(other, second)["code"] == "trial_gone"


@pytest.mark.django_db
def test_a_trial_that_fails_is_said_to_be_over(monkeypatch):
    client = entered("V1", "dispatch.view")
    trial_id = ask(client, "replay", policy=POLICY, days=7).json()["trial"]

    def breaks(*_args, **_more):
        raise RuntimeError("broken")

    monkeypatch.setattr("queueing.trial.past_of", breaks)
    with pytest.raises(RuntimeError):
        services.run_trial(str(User.objects.get(staff_no="V1").pk), trial_id)

    answer = client.get(reverse("dispatch:replayed", args=[trial_id]))
    assert (answer.status_code, answer.json()["code"]) == (409, "trial_gone")


@pytest.mark.django_db
def test_who_may_look_may_not_write_and_who_may_neither_finds_nothing():
    looks, stranger = entered("V1", "dispatch.view"), entered("S1", "workbench.use")

    assert looks.get(reverse("dispatch:rules")).status_code == 200
    for name in ("save", "publish"):
        assert ask(looks, name, policy=POLICY, revision=0).status_code == 404
    assert looks.post(reverse("dispatch:discard")).status_code == 404
    for name in ("rules", "versions"):
        assert stranger.get(reverse(f"dispatch:{name}")).status_code == 404
    for name in ("check", "one", "replay"):
        assert ask(stranger, name, policy=POLICY).status_code == 404
    assert ask(looks, "check", policy={"rules": 1}).json()["code"] == "rules_invalid"
    assert looks.post(reverse("dispatch:check"), "[", "application/json").status_code == 400
