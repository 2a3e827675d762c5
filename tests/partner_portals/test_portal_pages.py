"""The pages of the bank's apps, speaking to the partner API over HTTP like the real ones (MM, APP, CRD)."""

import re

import pytest
from django.test import Client

from appointments.models import Appointment
from common.crypto import blind_index
from credit_bridge.models import AccountHolder, CreditCase
from interviews import services as interviews
from interviews.models import InterviewTask
from interviews.states import TaskState
from outbox.services import deliver_one
from tests.support.bank import INSIDE, credit_case
from tests.support.calendars import free_tomorrow, working_seat
from tests.support.factories import SEAT_ACTOR

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "13911112222"


@pytest.fixture(autouse=True)
def partners(settings, live_server):
    settings.WEB_INTERNAL_URL = live_server.url
    settings.PARTNER_API_KEYS = {"demo-bank-app": "app-key", "demo-credit": "credit-key"}
    settings.PARTNER_SCOPES = {"demo-bank-app": ["manager"], "demo-credit": ["manager", "credit"]}


@pytest.fixture
def case():
    AccountHolder.objects.create(phone_index=blind_index(PHONE))
    return credit_case(phone=PHONE)


@pytest.fixture
def seat():
    return working_seat()


def deliver_all():
    while deliver_one():
        pass


def form_of(page):
    """The fields a browser would send back unchanged."""
    return dict(re.findall(r'name="(key|phone|proposal)"\s+value="([^"]*)"', page.content.decode()))


def book(case, seat, index=0):
    page = Client().get(f"/demo/manager/{case.contract_no}/book")
    start = free_tomorrow(seat)[index].start.isoformat()
    return Client().post(
        f"/demo/manager/{case.contract_no}/book",
        form_of(page) | {"staff_no": seat.staff_no, "start": start},
    )


def passed(case, seat):
    """Interviewed and passed, and the credit system knows."""
    book(case, seat)
    deliver_all()
    interviews.settle_task(InterviewTask.objects.get().pk, passed=True, actor=SEAT_ACTOR)
    deliver_all()


def signed(case):
    url = f"/demo/manager/{case.contract_no}/loan"
    return Client().post(url, form_of(Client().get(url)) | {"act": "sign"})


def test_the_manager_books_and_is_shown_whom_the_sms_reached(case, seat):
    answer = book(case, seat)
    deliver_all()
    page = Client().get(answer.headers["Location"])

    assert answer.headers["Location"] == f"/demo/manager/{case.contract_no}/booked"
    assert InterviewTask.objects.get().contract_no == case.contract_no
    assert [(row["name"], row["state"]) for row in page.context["results"]] == [("张晓明", "SENT")]


def test_a_time_taken_meanwhile_is_refused_on_the_picker_itself(case, seat):
    url = f"/demo/manager/{case.contract_no}/book"
    start = free_tomorrow(seat)[0].start.isoformat()
    page = Client().get(url)
    book(credit_case(), seat)

    answer = Client().post(url, form_of(page) | {"staff_no": seat.staff_no, "start": start})

    assert answer.status_code == 409
    assert answer.context["problem"]
    assert answer.context["staff_no"] == seat.staff_no
    assert Appointment.objects.count() == 1


def test_the_same_form_sent_twice_books_once(case, seat):
    url = f"/demo/manager/{case.contract_no}/book"
    start = free_tomorrow(seat)[0].start.isoformat()
    form = form_of(Client().get(url)) | {"staff_no": seat.staff_no, "start": start}

    assert [Client().post(url, form).status_code for _n in range(2)] == [302, 302]
    assert Appointment.objects.count() == 1


def test_in_the_province_the_manager_submits_the_contract_without_an_interview(seat):
    case = credit_case(province=INSIDE)
    url = f"/demo/manager/{case.contract_no}"

    answer = Client().post(f"{url}/contract", form_of(Client().get(url)))

    assert (answer.status_code, answer.headers["Location"]) == (302, url)
    case.refresh_from_db()
    assert case.node == "SIGNING"
    assert not InterviewTask.objects.exists()


def test_signing_before_the_interview_has_passed_is_refused_in_words(case, seat):
    book(case, seat)
    deliver_all()

    answer = signed(case)

    assert answer.status_code == 409
    assert answer.context["problem"] == "面谈状态为“已面谈（待提交面签）”后才能提交面签。"
    assert CreditCase.objects.get().node == "INTERVIEW"


def test_the_customer_moves_the_interview_to_another_free_time(case, seat):
    book(case, seat)
    deliver_all()
    url = f"/demo/customer/loan/{case.contract_no}/reschedule"
    later = free_tomorrow(seat)[1].start
    page = Client().get(url, {"phone": PHONE})

    answer = Client().post(url, form_of(page) | {"start": later.isoformat()})

    assert answer.headers["Location"] == f"/demo/customer/loan/{case.contract_no}?phone={PHONE}"
    assert Appointment.objects.get(state="BOOKED").slot.lower == later


def test_what_is_over_is_no_to_do_and_still_says_how_it_ended(case, seat):
    book(case, seat)
    deliver_all()
    before = Client().get("/demo/customer/", {"phone": PHONE}).content.decode()

    interviews.settle_task(
        InterviewTask.objects.get().pk, passed=False, reasons=["负债过高"], actor=SEAT_ACTOR
    )
    deliver_all()
    after = Client().get("/demo/customer/", {"phone": PHONE}).content.decode()

    assert "已结束的面谈" not in before
    todo, over = after.split("已结束的面谈")
    assert f'data-task="{case.contract_no}"' in before
    assert f'data-task="{case.contract_no}"' not in todo
    assert "没有待办的面谈任务" in todo
    assert f'data-task="{case.contract_no}"' in over
    assert "<li>负债过高</li>" in over


def test_a_loan_is_only_shown_to_the_phone_of_its_borrower(case):
    assert Client().get(f"/demo/customer/loan/{case.contract_no}?phone={PHONE}").status_code == 200
    for phone, status in (("13900000000", 404), ("", 409)):
        answer = Client().get(f"/demo/customer/loan/{case.contract_no}", {"phone": phone})
        assert answer.status_code == status
        assert "loan" not in answer.context


def test_the_call_is_greyed_before_its_slot_and_refused_in_words_once_the_task_was_sent_back(
    case, seat
):
    book(case, seat)
    deliver_all()
    page = Client().get(f"/demo/customer/?phone={PHONE}")
    task = page.context["todo"][0]
    button = re.search(r"<button[^>]*data-call[^>]*>", page.content.decode())
    form = form_of(Client().get("/demo/credit/"))
    Client().post(f"/demo/credit/{case.contract_no}", form | {"reason": "更换方案"})

    asked = {"phone": PHONE, "task_id": task["task_id"], "party_id": task["party_id"]}
    answer = Client().post("/demo/customer/call", asked)

    assert button is not None
    assert "disabled" in button[0]
    assert answer.status_code == 409
    assert answer.context["problem"]


def test_the_head_of_a_loan_says_the_state_of_the_interview_and_after_it_the_node(case, seat):
    url = f"/demo/customer/loan/{case.contract_no}?phone={PHONE}"

    def head():
        page = Client().get(url).content.decode()
        found = re.search(r'class="loanhead".*?class="chip">(.*?)</span>', page, re.DOTALL)
        assert found is not None
        return found[1].strip()

    before = head()
    passed(case, seat)
    after = head()
    signed(case)

    assert (before, after, head()) == ("面谈", "已面谈（待提交面签）", "面签")


def test_the_clerk_sends_a_case_back_and_the_manager_sees_both_generations(case, seat):
    book(case, seat)
    deliver_all()
    form = form_of(Client().get("/demo/credit/"))

    answer = Client().post(f"/demo/credit/{case.contract_no}", form | {"reason": "更换方案"})
    deliver_all()
    shown = Client().get(f"/demo/manager/{case.contract_no}").context["case"]

    assert answer.headers["Location"] == "/demo/credit/"
    assert [task["generation"] for task in shown["tasks"]] == [1, 2]
    assert shown["may_book"]
    old, new = InterviewTask.objects.order_by("generation")
    assert (old.superseded_at is not None, new.state) == (True, TaskState.PENDING)


def test_the_nodes_after_the_signing_come_in_their_order_only(case, seat):
    passed(case, seat)
    signed(case)
    form = form_of(Client().get("/demo/credit/"))
    url = f"/demo/credit/{case.contract_no}"

    skipped = Client().post(url, form | {"node": "DISBURSED", "key": "too-early-1"})
    for node in ("NOTARISED", "LIEN", "DISBURSED"):
        assert Client().post(url, {"node": node, "key": f"node-{node}"}).status_code == 302
    progress = Client().get(f"/demo/steps/{case.contract_no}").context["nodes"]

    assert skipped.status_code == 409
    assert [node["state"] for node in progress] == ["done"] * 8


def test_when_the_bank_does_not_answer_a_page_says_so_and_offers_to_try_again(settings, case):
    settings.WEB_INTERNAL_URL = "http://127.0.0.1:9"

    answer = Client().get(f"/demo/manager/{case.contract_no}")

    assert answer.status_code == 503
    assert "重试" in answer.content.decode()
    assert answer.context["problem"] == "服务暂时无法访问，请稍后再试。"
