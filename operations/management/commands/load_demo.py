"""Demo data: people, a channel, a script, three cases with their appointments now. Idempotent."""

import datetime as dt
from argparse import ArgumentParser
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import DataScope, Institution, Role, User
from accounts.operations import ALL_OPERATIONS
from appointments import services as appointments
from appointments.models import Appointment
from appointments.selectors import free_slots, is_within_slot
from appointments.states import AppointmentMove, AppointmentState
from channels_admin.models import Channel
from common.actor import SYSTEM
from common.crypto import blind_index
from credit_bridge import services as bridge
from credit_bridge.models import AccountHolder, CreditCase, CreditImage, CreditParty, NodeTime
from credit_bridge.states import NODES, Node
from interviews import services as interviews
from interviews.models import InterviewTask
from interviews.states import PartyRole, TaskState
from operations import demo_logins as logins
from operations.demo_cases import MORE_CASES, MORTGAGE, REGIONS, WITHOUT_ACCOUNT, DemoCase
from operations.demo_cases import PEOPLE as PEOPLE_OF_THE_BOOK
from operations.demo_pictures import document_picture
from parameters.models import Parameter, Scope
from qc import services as qc
from queueing import services as queueing
from queueing.models import RuleVersion
from scripts_mgmt.models import Script, ScriptStep, StepKind
from seats.models import Seat, WorkTime

CHANNEL = "APP-YYZX"
PRODUCT = ("YXD", "永续贷")
ROLES: tuple[tuple[str, str, DataScope, frozenset[str]], ...] = (
    ("seat", "坐席", DataScope.OWN, frozenset({"workbench.use", "workbench.reveal"})),
    (
        "supervisor",
        "坐席主管",
        DataScope.INSTITUTION,
        frozenset(
            code
            for code in ALL_OPERATIONS
            if code.split(".")[0]
            in {
                "seats",
                "dispatch",
                "channels",
                "scripts",
                "media",
                "videos",
                "parameters",
                "reports",
            }
        )
        | {"qc.view", "qc.manage"},
    ),
    (
        "reviewer",
        "复核岗",
        DataScope.INSTITUTION,
        frozenset({"qc.review", "qc.view", "videos.view"}),
    ),
    ("admin", "系统管理员", DataScope.ALL, ALL_OPERATIONS - {"workbench.use", "qc.review"}),
)
# login, name, role, may enter the admin
PEOPLE = (
    (logins.SEAT, "林可欣", "seat", False),
    (logins.SECOND_SEAT, "周明远", "seat", False),
    (logins.SUPERVISOR, "韩雪", "supervisor", True),
    (logins.REVIEWER, "何雨桐", "reviewer", True),
    (logins.ADMINISTRATOR, "系统管理员", "admin", True),
)
STEPS = (
    (
        "开场告知",
        StepKind.READ,
        "{客户姓名}您好，我是{机构}视频面谈坐席。本次面谈将全程录音录像，请您在安静、光线充足的环境下完成。",
    ),
    ("身份核验", StepKind.SNAPSHOT, "请您手持身份证原件正对镜头，保持三秒，由我为您拍照留存。"),
    (
        "风险提示",
        StepKind.READ,
        "贷款资金不得用于购买房屋、股票等投资，不得转借他人。以上内容您是否清楚？",
    ),
    (
        "借款金额与期限确认",
        StepKind.READ,
        "您本次申请的{产品名称}，借款金额为人民币{贷款金额}元，期限{贷款期限}个月，年利率{年利率}，每月{还款日}日还款。您是否清楚并同意？",
    ),
    ("还款来源", StepKind.ANSWER, "请您说明主要的收入和还款来源。"),
    ("结束语", StepKind.READ, "本次面谈到此结束，感谢您的配合。稍后请留意短信通知。"),
)
BORROWER = ("张晓明", logins.CUSTOMERS[0], "410105198803121234")
WIFE = ("李文静", logins.CUSTOMERS[1], "410105199001012345")
GUARANTOR = ("周安然", logins.CUSTOMERS[2], "410105198507073456")
SECOND = ("许若涵", logins.CUSTOMERS[3], "330502199212124567")
# contract, people with roles, seat, amount
CASES = (
    (
        "YXD-2026-0318-00427",
        ((BORROWER, (PartyRole.PRIMARY_BORROWER, PartyRole.CO_OWNER)),),
        logins.SEAT,
        "420000.00",
    ),
    (
        "YXD-2026-0402-00518",
        (
            (SECOND, (PartyRole.PRIMARY_BORROWER,)),
            (WIFE, (PartyRole.CO_BORROWER, PartyRole.SPOUSE)),
            (GUARANTOR, (PartyRole.GUARANTOR,)),
        ),
        logins.SECOND_SEAT,
        "600000.00",
    ),
)
RELATIONS = {"李文静": "配偶", "周安然": "朋友"}
SLOT_MINUTES = 240  # long enough to look around in


class Command(BaseCommand):
    help = "Load the demo data. May be run again: appointments are then made to be now."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--quiet", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if not getattr(settings, "DEMO", False):
            raise CommandError("DEMO is off: demo data does not belong into this installation.")
        # The book is here, whoever serves it: the simulator reads the same tables.
        settings.CREDIT_BACKEND = "embedded"
        with transaction.atomic():
            _people()
            _rosters()
            for contract_no, people, seat, amount in CASES:
                _case(contract_no, people, amount)
                _task_now(contract_no, people, seat.username)
            for more in MORE_CASES:
                _more_case(more)
            for name, (phone, _id_no) in PEOPLE_OF_THE_BOOK.items():
                if name != WITHOUT_ACCOUNT:
                    AccountHolder.objects.get_or_create(phone_index=blind_index(phone))
            Parameter.objects.get_or_create(
                key="video_interview_allowed",
                scope=Scope.PRODUCT,
                code=MORTGAGE[0],
                defaults={"value": 0},
            )
        qc.refresh_reasons()  # what the background asks for within a minute
        if not options["quiet"]:
            self.stdout.write("demo data loaded")


RULES: dict[str, Any] = {
    "ageing_s": 300,
    "rules": [
        {
            "key": "known",
            "name": "老客户续接",
            "conditions": [
                {"attribute": "customer_type", "op": "in", "values": ["vip", "whitelist"]},
                {"attribute": "queue_length", "op": "less_than", "number": 10},
            ],
            "steps": [
                {"scope": "served", "strategy": "last_served", "within_days": 90, "wait_s": 30},
                {"scope": "all", "strategy": "longest_idle"},
            ],
            "priority": 2,
        },
        {
            "key": "elder",
            "name": "长者关怀",
            "conditions": [{"attribute": "age", "op": "at_least", "number": 65}],
            "steps": [{"scope": "all", "strategy": "least_loaded"}],
            "priority": 1,
        },
        {
            "key": "idle",
            "name": "空闲最久优先",
            "steps": [{"scope": "all", "strategy": "longest_idle"}],
        },
    ],
}


def _people() -> None:
    bank, _ = Institution.objects.get_or_create(code="0001", defaults={"name": settings.BANK_NAME})
    branch, _ = Institution.objects.get_or_create(
        code="000101", defaults={"name": "直销银行部", "parent": bank}
    )
    for code, name, scope, operations in ROLES:
        Role.objects.update_or_create(
            code=code, defaults={"name": name, "scope": scope, "operations": sorted(operations)}
        )
    for login, name, role, is_staff in PEOPLE:
        user = User.objects.filter(staff_no=login.username).first()
        if user is None:
            user = User.objects.create_user(
                login.username, logins.PASSWORD, name=name, institution=branch, is_staff=is_staff
            )
        user.roles.set([Role.objects.get(code=role)])


def _rosters() -> None:
    for login in (logins.SEAT, logins.SECOND_SEAT):
        seat, _ = Seat.objects.get_or_create(
            user=User.objects.get(staff_no=login.username), defaults={"enabled": True}
        )
        if not seat.work_times.exists():
            WorkTime.objects.bulk_create(
                WorkTime(seat=seat, weekday=day, start=dt.time(start), end=dt.time(end))
                for day in range(7)
                for start, end in ((8, 12), (13, 20))
            )
    Channel.objects.get_or_create(
        code=CHANNEL,
        defaults={
            "name": "原银在线",
            "enabled": True,
            "institution_name": "直销银行部",
            "institution_no": "000101",
        },
    )
    Channel.objects.get_or_create(code="WX-BANK", defaults={"name": "微信银行"})
    if not RuleVersion.objects.exists():
        draft = queueing.save_rules(RULES, revision=0, actor=SYSTEM)
        queueing.publish_rules(draft.revision, note="演示规则", actor=SYSTEM)
    if not Script.objects.filter(is_default=True, enabled=True).exists():
        script = Script.objects.create(
            title="标准面谈话术", is_default=True, published_at=timezone.now()
        )
        ScriptStep.objects.bulk_create(
            ScriptStep(
                script=script,
                order=order,
                title=title,
                kind=kind,
                text=text.replace("{机构}", settings.BANK_NAME),
                card="{贷款金额}" in text,
            )
            for order, (title, kind, text) in enumerate(STEPS, start=1)
        )


def _case(contract_no: str, people: Any, amount: str) -> None:
    case, created = CreditCase.objects.get_or_create(
        contract_no=contract_no,
        defaults={
            "case_no": "AJ" + contract_no[-5:],
            "product_code": PRODUCT[0],
            "product_name": PRODUCT[1],
            "channel_code": CHANNEL,
            "channel_name": "原银在线 · 省外",
            "manager_no": "600318",
            "manager_name": "赵启航",
            "property_province": "330000",
            "property_city": "330500",
            "property_county": "330502",
            "property_address": "浙江省 湖州市 吴兴区",
            "applied_on": timezone.localdate() - dt.timedelta(days=9),
            "amount": Decimal(amount),
            "term_months": 60,
            "annual_rate": Decimal("4.35"),
            "disbursement": "自主支付",
            "repayment_bank": f"{settings.BANK_NAME}湖州分行",
            "repayment_account": "6200123412341087",
            "repayment_day": 20,
            "first_repayment_on": timezone.localdate() + dt.timedelta(days=30),
        },
    )
    if not created:
        return
    for (name, phone, id_no), roles in people:
        for role in roles:
            CreditParty.objects.create(
                case=case,
                role=role,
                name=name,
                phone=phone,
                id_no=id_no,
                marital_status="已婚",
                relation=RELATIONS.get(name, ""),
            )
        for kind, title in (("id", "身份证"), ("marriage", "婚姻状况证明")):
            CreditImage.objects.create(
                case=case,
                kind=kind,
                title=title,
                person=name,
                content=document_picture(kind, settings.BANK_NAME, name),
            )
    CreditImage.objects.create(
        case=case,
        kind="property",
        title="房产证明",
        person=people[0][0][0],
        content=document_picture("property", settings.BANK_NAME, people[0][0][0]),
    )
    _node_times(case, Node.INTERVIEW)


def _node_times(case: CreditCase, last: Node) -> None:
    """A working day or two between the nodes, the last one the day before yesterday."""
    reached = NODES[: NODES.index(last) + 1]
    for days, node in enumerate(reversed(reached), start=1):
        at = timezone.localtime() - dt.timedelta(days=2 * days, minutes=17 * days)
        NodeTime.objects.create(case=case, node=node, at=at)


REACHED = {"submitted": Node.SIGNING, "lien": Node.LIEN, "disbursed": Node.DISBURSED}
SETTLED = {"passed", "proposed", "rejected", "lien", "disbursed"}


def _more_case(more: DemoCase) -> None:
    """A case as far along as its course says; told to the book by the messages of every case."""
    province, city, county, address = REGIONS[more.region]
    node = REACHED.get(more.course, Node.INTERVIEW)
    settled = more.course in SETTLED
    case, created = CreditCase.objects.get_or_create(
        contract_no=more.contract_no,
        defaults={
            "case_no": "AJ" + more.contract_no[-5:],
            "product_code": more.product[0],
            "product_name": more.product[1],
            "channel_code": CHANNEL,
            "channel_name": "原银在线",
            "manager_no": more.manager[0],
            "manager_name": more.manager[1],
            "property_province": province,
            "property_city": city,
            "property_county": county,
            "property_address": address,
            "customer_type": more.customer_type,
            "applied_on": timezone.localdate() - dt.timedelta(days=12),
            "node": node,
            "interview_generation": 1 if node != Node.INTERVIEW and settled else 0,
            "contract_submitted_at": timezone.now() if more.course == "submitted" else None,
            "amount": Decimal(more.amount),
            "term_months": 60,
            "annual_rate": Decimal("4.35"),
            "disbursement": "自主支付",
            "repayment_bank": settings.BANK_NAME,
            "repayment_account": "620012341234" + more.contract_no[-4:],
            "repayment_day": 15,
            "first_repayment_on": timezone.localdate() + dt.timedelta(days=30),
        },
    )
    if not created:
        return
    _node_times(case, node)
    for name, roles in more.people:
        phone, id_no = PEOPLE_OF_THE_BOOK[name]
        for role in roles:
            CreditParty.objects.create(
                case=case,
                role=role,
                name=name,
                phone=phone,
                id_no=id_no,
                marital_status="已婚",
                relation="配偶" if PartyRole.SPOUSE in roles else "",
            )
    borrower = more.people[0][0]
    for kind, title in (("id", "身份证"), ("property", "房产证明")):
        CreditImage.objects.create(
            case=case,
            kind=kind,
            title=title,
            person=borrower,
            content=document_picture(kind, settings.BANK_NAME, borrower),
        )
    if more.course == "booked":
        _book_ahead(more.contract_no)
    elif settled:
        _settled(more)


def _book_ahead(contract_no: str) -> None:
    """The second seat's first free time from tomorrow on."""
    seat = Seat.objects.get(user__staff_no=logins.SECOND_SEAT.username)
    tomorrow = timezone.localdate() + dt.timedelta(days=1)
    free = free_slots(first_day=tomorrow, last_day=tomorrow + dt.timedelta(days=7), seat_id=seat.pk)
    bridge.submit_interview(contract_no, staff_no=seat.staff_no, start=free[0].start, actor=SYSTEM)


def _settled(more: DemoCase) -> None:
    case = CreditCase.objects.get(contract_no=more.contract_no)
    task = interviews.create_task(bridge.draft_of(case.contract_no), actor=SYSTEM)
    if more.course == "proposed":
        changes = {"amount": "380000.00", "repayment_day": "20"}
        bridge.propose_loan(task.pk, changes, actor=SYSTEM)
    rejected = more.course == "rejected"
    interviews.settle_task(
        task.pk,
        passed=not rejected,
        reasons=["家庭无稳定收入来源", "客户主动放弃"] if rejected else [],
        actor=SYSTEM,
    )


def _task_now(contract_no: str, people: Any, staff_no: str) -> None:
    """A pending task with an appointment that is now; a settled one gets its next generation."""
    task = InterviewTask.objects.filter(contract_no=contract_no, superseded_at=None).first()
    if task is None or task.state != TaskState.PENDING:
        case = CreditCase.objects.get(contract_no=contract_no)
        task = interviews.create_task(
            interviews.TaskDraft(
                contract_no=contract_no,
                product_code=case.product_code,
                product_name=case.product_name,
                customer_name=people[0][0][0],
                business_type="贷款面谈",
                channel_code=CHANNEL,
                loan_type="房产抵押",
                applied_on=case.applied_on,
                loan_amount=case.amount,
                property_province=case.property_province,
                property_city=case.property_city,
                property_county=case.property_county,
                property_address=case.property_address,
                manager_no=case.manager_no,
                manager_name=case.manager_name,
                case_ref=case.case_no,
                parties=tuple(
                    interviews.PartyDraft(
                        name=name, phone=phone, id_no=id_no, roles=tuple(str(r) for r in roles)
                    )
                    for (name, phone, id_no), roles in people
                ),
            ),
            actor=SYSTEM,
        )
    if is_within_slot(task.pk):
        return
    for stale in Appointment.objects.filter(
        seat__user__staff_no=staff_no, state=AppointmentState.BOOKED
    ):
        appointments.close(stale, AppointmentMove.EXPIRE, actor=SYSTEM)
    now = timezone.localtime().replace(second=0, microsecond=0)
    appointments.book(
        task.pk,
        seat_id=Seat.objects.get(user__staff_no=staff_no).pk,
        start=now - dt.timedelta(minutes=now.minute % 10),
        minutes=SLOT_MINUTES,
        actor=SYSTEM,
    )
