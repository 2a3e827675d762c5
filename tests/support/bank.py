"""A case in the embedded book, and the bank behind either backend."""

import datetime as dt
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from credit_bridge.breaker import CircuitBreaker
from credit_bridge.embedded import EmbeddedBank
from credit_bridge.http_bank import HttpBank, HttpRecogniser
from credit_bridge.models import CreditCase, CreditParty, NodeTime
from credit_bridge.simulator import Simulator, SimulatorServer
from credit_bridge.states import Node

KEY_ID, SECRET = "interview", "test-secret"
_numbers = itertools.count(1)
OUTSIDE, INSIDE = "330000", "410000"


def credit_case(
    contract_no: str = "",
    *,
    people: Sequence[tuple[str, Sequence[str]]] = (("张晓明", ("PRIMARY_BORROWER",)),),
    province: str = OUTSIDE,
    manager_no: str = "600318",
    product_code: str = "YXD",
    phone: str = "",
) -> CreditCase:
    """A case at the node 面谈. Every person has a number of its own; the first may have `phone`."""
    number = next(_numbers)
    case = CreditCase.objects.create(
        contract_no=contract_no or f"C-{number:05d}",
        case_no=f"AJ-{number:05d}",
        product_code=product_code,
        product_name="永续贷",
        channel_code="yuanyin",
        manager_no=manager_no,
        manager_name="赵启航",
        property_province=province,
        property_address="浙江省 湖州市 吴兴区" if province == OUTSIDE else "河南省 郑州市 金水区",
        applied_on=dt.date(2026, 3, 18),
        amount=Decimal("420000.00"),
        term_months=60,
        annual_rate=Decimal("4.35"),
        disbursement="自主支付",
        repayment_bank="示例银行",
        repayment_account="6200123412341087",
        repayment_day=20,
    )
    for index, (name, roles) in enumerate(people):
        own = f"1370{number:04d}{index + 1:03d}"
        for role in roles:
            CreditParty.objects.create(
                case=case,
                role=role,
                name=name,
                phone=phone if phone and index == 0 else own,
                id_no=f"4101051990{number:05d}{index:03d}",
            )
    for node in (Node.APPLIED, Node.FIRST_REVIEW, Node.HOME_VISIT, Node.INTERVIEW):
        NodeTime.objects.create(case=case, node=node)
    return case


@contextmanager
def simulated(*, port: int = 0, secret: str = SECRET) -> Iterator[tuple[Simulator, str]]:
    """The simulator over the embedded book, listening; and where."""
    simulator = Simulator(EmbeddedBank(), KEY_ID, secret)
    server = SimulatorServer(("127.0.0.1", port), simulator)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield simulator, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def http_bank(
    url: str, *, secret: str = SECRET, answer_s: float = 5.0, breaker: CircuitBreaker | None = None
) -> Iterator[HttpBank]:
    bank = HttpBank(url, key_id=KEY_ID, secret=secret, answer_s=answer_s, breaker=breaker)
    try:
        yield bank
    finally:
        bank.close()


@contextmanager
def http_recogniser(url: str, *, breaker: CircuitBreaker | None = None) -> Iterator[HttpRecogniser]:
    client = HttpRecogniser(
        url, key_id=KEY_ID, secret=SECRET, answer_s=0.5, read_tries=1, breaker=breaker
    )
    try:
        yield client
    finally:
        client.close()
