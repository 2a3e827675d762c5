"""The bank's systems over the wire (wire.py, contract.py)."""

from collections.abc import Sequence

from .ports import (
    AppointmentMessage,
    CaseDetails,
    CaseSummary,
    Finding,
    KnownState,
    NodeAt,
    Picture,
    ProposalMessage,
    RecognitionRequest,
    Sms,
    SmsResult,
    StateMessage,
)
from .wire import Wire


class HttpBank(Wire):
    """Bank: every method is one operation of the contract."""

    def case_details(self, contract_no: str) -> CaseDetails:
        found: CaseDetails = self.ask("case_details", contract_no=contract_no)
        return found

    def cases_of_manager(self, manager_no: str) -> tuple[CaseSummary, ...]:
        found: tuple[CaseSummary, ...] = self.ask("cases_of_manager", manager_no=manager_no)
        return found

    def cases_of_phone(self, phone: str) -> tuple[CaseSummary, ...]:
        found: tuple[CaseSummary, ...] = self.ask("cases_of_phone", phone=phone)
        return found

    def image(self, contract_no: str, image_id: str) -> Picture:
        found: Picture = self.ask("image", contract_no=contract_no, image_id=image_id)
        return found

    def reject_reasons(self) -> tuple[str, ...]:
        found: tuple[str, ...] = self.ask("reject_reasons")
        return found

    def send_state(self, message: StateMessage) -> None:
        self.ask("send_state", message=message)

    def send_appointment(self, message: AppointmentMessage) -> None:
        self.ask("send_appointment", message=message)

    def send_proposal(self, message: ProposalMessage) -> None:
        self.ask("send_proposal", message=message)

    def decide_proposal(self, contract_no: str, proposal_id: str, accept: bool) -> None:
        self.ask("decide_proposal", contract_no=contract_no, proposal_id=proposal_id, accept=accept)

    def submit_contract(self, contract_no: str) -> None:
        self.ask("submit_contract", contract_no=contract_no)

    def submit_signing(self, contract_no: str) -> None:
        self.ask("submit_signing", contract_no=contract_no)

    def reach_node(self, contract_no: str, node: str) -> None:
        self.ask("reach_node", contract_no=contract_no, node=node)

    def known_states(self, contract_nos: Sequence[str]) -> tuple[KnownState, ...]:
        found: tuple[KnownState, ...] = self.ask("known_states", contract_nos=list(contract_nos))
        return found

    def send_sms(self, sms: Sms) -> None:
        self.ask("send_sms", sms=sms)

    def sms_results(self, contract_no: str) -> tuple[SmsResult, ...]:
        found: tuple[SmsResult, ...] = self.ask("sms_results", contract_no=contract_no)
        return found

    def progress(self, contract_no: str) -> tuple[NodeAt, ...]:
        found: tuple[NodeAt, ...] = self.ask("progress", contract_no=contract_no)
        return found

    def has_account(self, phone: str) -> bool:
        found: bool = self.ask("has_account", phone=phone)
        return found


class HttpRecogniser(Wire):
    """RecognitionPort."""

    def recognise(self, request: RecognitionRequest) -> tuple[Finding, ...]:
        found: tuple[Finding, ...] = self.ask("recognise", request=request)
        return found
