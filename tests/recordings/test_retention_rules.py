"""保管期限: what lets recordings go sooner needs two people, what keeps them longer one (S:A11, STO-4)."""

import json
import threading

import pytest
from django.db import connection

from accounts import changes
from accounts.errors import AlreadyDecided, OwnChange
from accounts.models import PendingChange, Role, User
from accounts.selectors import actor_of
from audit.models import AuditEntry
from parameters.services import set_value
from recordings import services
from recordings.errors import RuleChanged, ShorterWithout
from recordings.models import DeletionCertificate, Recording, RetentionRule
from tests.accounts.test_four_eyes import both, entered
from tests.recordings.test_keeping import settle_long_ago, stored

pytestmark = pytest.mark.django_db
__all__ = ["both", "stored"]
TERMS = ("start", "months", "deletes", "cold_after_days")


@pytest.fixture
def rule(both):
    return RetentionRule.objects.create(months=60, start="task_settled")


def wish(rule, user, **terms):
    """What the form does: the row as it is wanted."""
    wanted = RetentionRule.objects.get(pk=rule.pk) if rule.pk else rule
    for name, value in terms.items():
        setattr(wanted, name, value)
    return services.save_rule(wanted, actor=actor_of(user))


def terms(product=""):
    return RetentionRule.objects.filter(product_code=product).values_list(*TERMS).get()


def agree(user):
    changes.decide(PendingChange.objects.get(state="PENDING").pk, agrees=True, user=user)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"months": 12}, "面谈任务有结论起 12 个月，到期只提示"),
        ({"deletes": True}, "面谈任务有结论起 60 个月，到期自动删除"),
        ({"start": "call_ended", "months": 61}, "面谈结束起 61 个月，到期只提示"),
    ],
)
def test_what_lets_go_sooner_holds_when_somebody_else_has_agreed(both, rule, wanted, told):
    first, second = both
    before = terms()

    assert wish(rule, first, **wanted) is False
    change = PendingChange.objects.get()
    assert change.subject == (
        f"保管期限（其他全部产品）：面谈任务有结论起 60 个月，到期只提示 → {told}"
    )
    with pytest.raises(OwnChange):
        changes.decide(change.pk, agrees=True, user=first)
    assert terms() == before
    assert not AuditEntry.objects.filter(action="retention.rule_set").exists()

    changes.decide(change.pk, agrees=True, user=second)

    rule.refresh_from_db()
    assert {name: getattr(rule, name) for name in wanted} == wanted
    assert (rule.set_by, rule.agreed_by) == ("A1", "A2")
    entry = AuditEntry.objects.get(action="retention.rule_set")
    assert (entry.actor_name, json.loads(entry.payload)["requested_by"]) == ("A2", "A1")


def test_what_keeps_longer_is_done_at_once(both, rule):
    RetentionRule.objects.update(deletes=True)

    assert wish(rule, both[0], months=61)
    assert wish(rule, both[0], deletes=False)
    assert wish(rule, both[0], cold_after_days=30)
    assert terms() == ("task_settled", 61, False, 30)
    services.delete_rule(rule.pk, actor=actor_of(both[0]))

    assert not RetentionRule.objects.exists()
    assert not PendingChange.objects.exists()


def test_a_products_own_shorter_rule_is_like_all_others_until_two_want_it(both, rule):
    own = RetentionRule(product_code="YXD", months=6, deletes=True)

    assert services.save_rule(own, actor=actor_of(both[0])) is False
    assert terms("YXD") == terms() == ("task_settled", 60, False, None)
    agree(both[1])

    assert terms("YXD") == ("task_settled", 6, True, None)
    assert terms() == ("task_settled", 60, False, None)


def test_the_first_rule_of_all_deletes_nothing_until_two_want_it(both):
    assert (
        services.save_rule(RetentionRule(months=6, deletes=True), actor=actor_of(both[0])) is False
    )
    assert terms() == ("task_settled", 6, False, None)
    assert "一直保管 → " in PendingChange.objects.get().subject

    agree(both[1])
    assert terms() == ("task_settled", 6, True, None)


def test_a_rule_is_not_taken_away_where_a_shorter_one_would_hold(both, rule):
    own = RetentionRule.objects.create(product_code="YXD", months=120)

    with pytest.raises(ShorterWithout):
        services.delete_rule(own.pk, actor=actor_of(both[0]))
    assert RetentionRule.objects.filter(product_code="YXD").exists()

    RetentionRule.objects.filter(pk=own.pk).update(months=60)
    services.delete_rule(own.pk, actor=actor_of(both[0]))
    assert not RetentionRule.objects.filter(product_code="YXD").exists()


def test_nobody_agrees_to_what_was_asked_of_other_terms(both, rule):
    wish(rule, both[0], deletes=True)
    wish(rule, both[0], months=120)

    with pytest.raises(RuleChanged):
        agree(both[1])

    assert terms() == ("task_settled", 120, False, None)
    assert PendingChange.objects.get().state == "PENDING"


def test_without_the_parameter_one_is_enough(both, rule):
    set_value("four_eyes", 0, scope="global", by="root")

    assert wish(rule, both[0], months=12, deletes=True)
    rule.refresh_from_db()
    assert (rule.months, rule.set_by, rule.agreed_by) == (12, "A1", "")


def test_the_certificate_names_who_wanted_the_deletion_and_who_agreed(both, rule, stored):
    wish(rule, both[0], months=6, deletes=True)
    settle_long_ago(stored)
    assert services.delete_expired() == 0
    agree(both[1])
    Recording.objects.update(lock_until=None)  # it was stored under the terms before
    services.set_keeping()

    assert services.delete_expired() == 1

    assert DeletionCertificate.objects.get().rule == {
        "product": "",
        "start": "task_settled",
        "months": 6,
        "set_by": "A1",
        "agreed_by": "A2",
    }
    facts = json.loads(AuditEntry.objects.get(action="recording.deletion_begun").payload)
    assert (facts["set_by"], facts["agreed_by"]) == ("A1", "A2")


def test_the_pages_say_that_it_waits_and_who_agreed(both, rule):
    first, second = (entered(user) for user in both)
    address = f"/admin/recordings/retentionrule/{rule.pk}/change/"

    page = first.post(
        address, {"start": "task_settled", "months": "12", "deletes": "on"}, follow=True
    )
    assert "已提交，待另一人复核后生效" in page.content.decode()
    assert terms() == ("task_settled", 60, False, None)
    change = PendingChange.objects.get()
    first.post(f"/changes/{change.pk}", {"what": "approve"})
    assert terms() == ("task_settled", 60, False, None)
    second.post(f"/changes/{change.pk}", {"what": "approve"})

    assert terms() == ("task_settled", 12, True, None)
    shown = second.get("/admin/recordings/retentionrule/").content.decode()
    assert ">A1</td>" in shown
    assert ">A2</td>" in shown


def test_the_page_deletes_no_rule_that_keeps_longer(both, rule):
    own = RetentionRule.objects.create(product_code="YXD", months=120)

    for act in (
        {"path": f"/admin/recordings/retentionrule/{own.pk}/delete/", "data": {"post": "yes"}},
        {
            "path": "/admin/recordings/retentionrule/",
            "data": {"action": "delete_selected", "_selected_action": [own.pk], "post": "yes"},
        },
    ):
        page = entered(both[0]).post(**act, follow=True).content.decode()
        assert "请先修改本规则并由另一人复核" in page

    assert RetentionRule.objects.filter(product_code="YXD").exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_agree_at_once_one_does(both, rule):
    third = User.objects.create_user("A3", "test-password", name="A3")
    third.roles.add(Role.objects.get(code="admin"))
    wish(rule, both[0], months=12)
    change = PendingChange.objects.get()
    found, together = [], threading.Barrier(2)

    def decide(user):
        together.wait()
        try:
            changes.decide(change.pk, agrees=True, user=user)
            found.append(user.staff_no)
        except AlreadyDecided:
            found.append("too late")
        finally:
            connection.close()

    threads = [threading.Thread(target=decide, args=[user]) for user in (both[1], third)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    rule.refresh_from_db()
    assert rule.months == 12
    assert sorted(found) == sorted([rule.agreed_by, "too late"])
    assert AuditEntry.objects.filter(action="retention.rule_set").count() == 1
