"""What the bank's apps may ask and command over the partner API (MM-1…2, APP-1…4, CRD-1…5)."""

import datetime as dt
import itertools
import threading

import pytest
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from appointments import services as appointments
from appointments.models import Appointment
from common.crypto import blind_index
from credit_bridge import services
from credit_bridge.models import AccountHolder, CreditCase, SmsMessage
from interviews import services as interviews
from interviews.models import Call, InterviewTask
from interviews.states import CallState, TaskState
from outbox.services import deliver_one
from parameters.models import Parameter
from queueing import services as queueing
from queueing.models import CallRequest
from tests.support.bank import INSIDE, credit_case
from tests.support.calendars import free_tomorrow, working_seat
from tests.support.factories import PARTY_ACTOR, SEAT_ACTOR, consent, make_call

pytestmark = pytest.mark.django_db(transaction=True)
API = "/api/partner/v1"
FAMILY = (
    ("张晓明", ("PRIMARY_BORROWER", "CO_OWNER")),
    ("李文静", ("SPOUSE", "CO_OWNER")),
    ("周安然", ("GUARANTOR",)),
)
_keys = itertools.count(1)


@pytest.fixture(autouse=True)
def partners(settings):
    settings.PARTNER_API_KEYS = {"app": "app-key", "sales": "sales-key", "credit": "credit-key"}
    settings.PARTNER_SCOPES = {"sales": ["manager"], "credit": ["manager", "credit"]}


def asking(name="credit"):
    return APIClient(headers={"Authorization": f"Bearer {name}-key"})


def command(path, body=None, *, name="credit", key=None):
    return asking(name).post(
        f"{API}/{path}",
        body or {},
        format="json",
        headers={"Idempotency-Key": key or f"key-{next(_keys):06d}"},
    )


def deliver_all():
    while deliver_one():
        pass


def book(case, seat, start, **more):
    return command(
        f"cases/{case.contract_no}/interview",
        {"staff_no": seat.staff_no, "start": start.isoformat()},
        **more,
    )


@pytest.fixture
def seat():
    return working_seat()


@pytest.fixture
def case():
    return credit_case(people=FAMILY)


def test_a_booking_makes_the_task_with_one_party_per_person_and_tells_everybody(case, seat):
    start = free_tomorrow(seat)[0].start

    answer = book(case, seat, start)
    deliver_all()

    assert answer.status_code == 201
    task = InterviewTask.objects.get()
    assert (task.contract_no, task.generation, task.state) == (case.contract_no, 1, "PENDING")
    assert {party.name: party.roles for party in task.parties.all()} == {
        name: list(roles) for name, roles in FAMILY
    }
    assert SmsMessage.objects.count() == 3
    shown = asking().get(f"{API}/cases/{case.contract_no}").json()
    assert (shown["state_label"], shown["node"]) == ("待面谈", "INTERVIEW")
    assert shown["tasks"][0]["staff_no"] == seat.staff_no
    assert dt.datetime.fromisoformat(shown["tasks"][0]["slot_start"]) == start
    results = asking().get(f"{API}/cases/{case.contract_no}/sms").json()
    assert [(row["name"], row["state"]) for row in results] == [
        ("张晓明", "SENT"),
        ("周安然", "SENT"),
        ("李文静", "SENT"),
    ]


def test_the_same_key_books_once_and_another_body_under_it_is_refused(case, seat):
    slots = free_tomorrow(seat)

    first = book(case, seat, slots[0].start, key="same-key-1")
    again = book(case, seat, slots[0].start, key="same-key-1")
    other = book(case, seat, slots[1].start, key="same-key-1")

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert Appointment.objects.count() == 1


def test_a_command_without_a_key_changes_nothing(case, seat):
    body = {"staff_no": seat.staff_no, "start": free_tomorrow(seat)[0].start.isoformat()}

    answer = asking().post(f"{API}/cases/{case.contract_no}/interview", body, format="json")

    assert answer.status_code == 400
    assert not InterviewTask.objects.exists()


def test_eight_submissions_of_one_new_case_make_one_task(case, seat):
    slots = free_tomorrow(seat)
    statuses = []

    def submit(number):
        try:
            statuses.append(book(case, seat, slots[number % 4].start).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=submit, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert InterviewTask.objects.count() == 1
    assert Appointment.objects.filter(state="BOOKED").count() == 1
    assert set(statuses) == {201, 409}


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda case: CreditCase.objects.update(property_province=INSIDE), "in_province"),
        (lambda case: CreditCase.objects.update(node="HOME_VISIT"), "wrong_step"),
        (
            lambda case: Parameter.objects.create(
                key="video_interview_allowed", scope="product", code="YXD", value=0
            ),
            "video_not_allowed",
        ),
    ],
)
def test_what_must_not_be_interviewed_by_video_is_not_booked(case, seat, prepare, code):
    prepare(case)

    answer = book(case, seat, free_tomorrow(seat)[0].start)

    assert answer.json()["code"] == code
    assert not InterviewTask.objects.exists()


def test_the_products_flag_is_asked_again_when_the_customer_calls(case, seat):
    book(case, seat, free_tomorrow(seat)[0].start)
    party = InterviewTask.objects.get().parties.get(name="张晓明")
    consent(party)
    Parameter.objects.create(key="video_interview_allowed", scope="product", code="YXD", value=0)

    with pytest.raises(Exception, match="video_not_allowed"):
        queueing.call_in(
            party.task_id, party_id=party.pk, channel_code="yuanyin", actor=PARTY_ACTOR
        )

    assert not CallRequest.objects.exists()


def test_nobody_gets_two_interviews_that_collide(seat):
    other_seat = working_seat()
    one, two = credit_case(people=FAMILY), credit_case(people=FAMILY)
    shared = one.parties.get(name="周安然")
    line = two.parties.get(name="周安然")
    line.id_no = shared.id_no
    line.save()
    start = free_tomorrow(seat)[0].start
    assert book(one, seat, start).status_code == 201

    answer = book(two, other_seat, start)

    assert answer.json()["code"] == "person_busy"
    assert InterviewTask.objects.count() == 1


def test_scopes_keep_the_customers_app_from_managers_and_the_sales_app_from_clerks(case, seat):
    start = free_tomorrow(seat)[0].start

    assert book(case, seat, start, name="app").status_code == 403
    assert asking("app").get(f"{API}/cases/{case.contract_no}").status_code == 403
    assert asking("app").get(f"{API}/cases?manager_no=600318").status_code == 403
    reason = {"reason": "补件"}
    assert command(f"cases/{case.contract_no}/reversal", reason, name="sales").status_code == 403
    assert not InterviewTask.objects.exists()


def task_with(case, seat):
    book(case, seat, free_tomorrow(seat)[0].start)
    deliver_all()
    return InterviewTask.objects.get(superseded_at=None)


def move(task, seat, index, party=None, **more):
    party = party or task.parties.get(roles__contains=["PRIMARY_BORROWER"])
    body = {"party_id": str(party.pk), "start": free_tomorrow(seat)[index].start.isoformat()}
    return command(f"tasks/{task.pk}/appointment", body, name="app", **more)


def test_only_the_primary_borrower_moves_the_time_and_only_so_often(case, seat):
    task = task_with(case, seat)
    guarantor = task.parties.get(name="周安然")

    assert move(task, seat, 1, guarantor).json()["code"] == "primary_only"
    assert move(task, seat, 1).status_code == 200
    assert move(task, seat, 1).status_code == 200
    refused = move(task, seat, 2)
    deliver_all()

    assert refused.json()["code"] == "move_not_allowed"
    assert InterviewTask.objects.count() == 1, "no new task"
    told = asking().get(f"{API}/cases/{case.contract_no}").json()["tasks"]
    assert len(told) == 1
    now = Appointment.objects.get(state="BOOKED")
    assert dt.datetime.fromisoformat(told[0]["slot_start"]) == now.bounds[0]


def test_a_settled_or_superseded_task_is_not_moved(case, seat):
    task = task_with(case, seat)
    interviews.settle_task(task.pk, passed=True, actor=SEAT_ACTOR)

    assert move(task, seat, 1).json()["code"] == "task_closed"

    interviews.supersede_task(case.contract_no, actor=SEAT_ACTOR)
    assert move(task, seat, 1).status_code == 404


def test_nothing_is_moved_while_the_call_runs(case, seat):
    task = task_with(case, seat)
    make_call(task)

    assert move(task, seat, 1).json()["code"] == "move_not_allowed"
    assert asking("app").get(f"{API}/tasks/{task.pk}").json()["may_reschedule"] is False


def test_a_doubted_interview_is_booked_again_by_the_borrower(case, seat):
    task = task_with(case, seat)
    appointments.keep(task.pk)

    answer = move(task, seat, 1)

    assert answer.status_code == 200
    assert Appointment.objects.get(state="BOOKED").task_id == task.pk


def test_what_a_reviewer_returns_is_booked_again_though_every_move_was_used(case, seat):
    task = task_with(case, seat)
    assert move(task, seat, 1).status_code == 200
    assert move(task, seat, 2).status_code == 200
    appointments.keep(task.pk)
    assert move(task, seat, 1).json()["code"] == "move_not_allowed"

    interviews.return_task(task.pk, review_id=1)

    shown = asking("app").get(f"{API}/tasks/{task.pk}").json()
    assert (shown["may_reschedule"], shown["moves_left"]) == (True, 1)
    assert move(task, seat, 1).status_code == 200
    assert move(task, seat, 2).json()["code"] == "move_not_allowed"


def reversed_case(case):
    return command(f"cases/{case.contract_no}/reversal", {"reason": "客户更换房产"})


def ringing(task, seat):
    party = task.parties.first()
    consent(party)
    queueing.call_in(task.pk, party_id=party.pk, channel_code="yuanyin", actor=PARTY_ACTOR)


def in_call(task, seat):
    make_call(task)


def settled(passed):
    return lambda task, seat: interviews.settle_task(
        task.pk, passed=passed, reasons=["客户主动放弃"], actor=SEAT_ACTOR
    )


MOMENTS = {
    "booked": lambda task, seat: None,
    "waiting": ringing,
    "in call": in_call,
    "doubted": lambda task, seat: appointments.keep(task.pk),
    "passed": settled(True),
    "rejected": settled(False),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_reverse_flow_at_any_moment_makes_the_next_generation(case, seat, moment):
    task = task_with(case, seat)
    MOMENTS[moment](task, seat)

    answer = reversed_case(case)
    deliver_all()
    queueing.sweep()

    assert (answer.status_code, answer.json()["generation"]) == (201, 2)
    old, new = InterviewTask.objects.order_by("generation")
    assert old.superseded_at is not None
    assert (new.generation, new.state, new.superseded_at) == (2, TaskState.PENDING, None)
    shown = asking().get(f"{API}/cases/{case.contract_no}").json()
    assert [row["generation"] for row in shown["tasks"]] == [1, 2]
    assert shown["state"] == "PENDING"
    assert shown["tasks"][0]["state"] == old.state
    assert not CallRequest.objects.filter(state__in=["WAITING", "OFFERED"]).exists()
    assert not Call.objects.exclude(state=CallState.ENDED).exists()
    assert not Appointment.objects.filter(task=old, state="BOOKED").exists()
    assert book(case, seat, free_tomorrow(seat)[0].start).status_code == 201


def test_signing_waits_for_passed_and_for_the_loan_to_be_decided(case, seat):
    task = task_with(case, seat)
    path = f"cases/{case.contract_no}/signing"
    assert command(path).json()["code"] == "not_passed"
    services.propose_loan(task.pk, {"amount": "380000.00", "repayment_day": "15"}, actor=SEAT_ACTOR)
    interviews.settle_task(task.pk, passed=True, actor=SEAT_ACTOR)
    deliver_all()
    assert command(path).json()["code"] == "proposal_undecided"
    shown = asking().get(f"{API}/cases/{case.contract_no}").json()
    changed = {row["field"]: row["proposed"] for row in shown["terms"] if row["proposed"]}
    assert changed == {"amount": "380000.00", "repayment_day": "15"}

    decide = f"cases/{case.contract_no}/proposals/{shown['open_proposal']}"
    assert command(decide, {"accept": True}).status_code == 200
    assert command(path).status_code == 200

    after = asking().get(f"{API}/cases/{case.contract_no}").json()
    assert (after["amount"], after["node"]) == ("380000.00", "SIGNING")
    for node in ("NOTARISED", "LIEN", "DISBURSED"):
        assert command(f"cases/{case.contract_no}/node", {"node": node}).status_code == 200
    assert reversed_case(case).json()["code"] == "loan_disbursed"


def test_a_proposal_that_cannot_be_is_refused_by_field_and_nothing_is_stored(case, seat):
    task = task_with(case, seat)

    for changes in (
        {"amount": "-1"},
        {"amount": "1.234"},
        {"repayment_day": "32"},
        {"colour": "1"},
    ):
        with pytest.raises(Exception, match="proposal_wrong"):
            services.propose_loan(task.pk, changes, actor=SEAT_ACTOR)

    assert not task.loan_proposals.exists()


def test_an_open_login_leads_to_an_account_only_where_an_interview_waits(case, seat):
    phone = case.parties.first().phone
    ask = asking("app")
    assert ask.get(f"{API}/open-login?phone={phone}").json()["next"] == "home"

    task_with(case, seat)
    told = ask.get(f"{API}/open-login?phone={phone}").json()
    assert (told["next"], told["pending"]) == ("open_account", True)
    assert told["account_opening_url"].startswith("https://")

    AccountHolder.objects.create(phone_index=blind_index(phone))
    assert ask.get(f"{API}/open-login?phone={phone}").json()["next"] == "tasks"


def test_five_nodes_show_what_they_always_showed(case, seat):
    def five():
        rows = asking("app").get(f"{API}/cases/{case.contract_no}/bank-app-progress").json()
        return [(row["label"], row["state"]) for row in rows]

    assert five() == [
        ("提交申请", "done"),
        ("审批", "now"),
        ("签约", "next"),
        ("抵押登记", "next"),
        ("放款", "next"),
    ]
    CreditCase.objects.update(node="NOTARISED")
    assert [state for _label, state in five()] == ["done", "done", "done", "now", "next"]
    CreditCase.objects.update(node="DISBURSED")
    assert [state for _label, state in five()] == ["done"] * 5
    eight = asking("app").get(f"{API}/cases/{case.contract_no}/progress").json()
    assert [row["label"] for row in eight] == [
        *("提交申请", "初审", "家访", "面谈", "面签", "公证", "已出他证", "放款"),
    ]


def test_taken_times_are_listed_as_taken(case, seat):
    book(case, seat, free_tomorrow(seat)[0].start)

    days = asking("app").get(f"{API}/seats/{seat.staff_no}/days").json()["days"]

    tomorrow = (timezone.localdate() + dt.timedelta(days=1)).isoformat()
    day = next(day for day in days if day["date"] == tomorrow)
    assert [slot["free"] for slot in day["slots"]] == [False, True, True, True]
    assert (day["free"], len(days)) == (3, 31)
    (row,) = asking("app").get(f"{API}/seats").json()
    assert row["staff_no"] == seat.staff_no


def test_a_number_out_of_service_is_shown_and_tried_again(case, seat):
    line = case.parties.filter(name="周安然").first()
    line.phone = "13700000000"
    line.save()
    task = task_with(case, seat)
    results = asking().get(f"{API}/cases/{case.contract_no}/sms").json()
    (failed,) = [row for row in results if row["state"] == "FAILED"]
    assert (failed["name"], failed["reason"]) == ("周安然", "号码停机，请核对后重发")

    party = task.parties.get(name="周安然")
    party.phone = "13711112222"
    party.save()
    command(f"cases/{case.contract_no}/sms", {"party_id": str(party.pk)})
    deliver_all()

    results = asking().get(f"{API}/cases/{case.contract_no}/sms").json()
    assert {row["state"] for row in results} == {"SENT"}
