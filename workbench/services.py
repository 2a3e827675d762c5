"""The seat's acts in a call, bound to the seat's own call."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from django.core.cache import cache
from django.utils.translation import gettext as _

from audit import services as audit
from common.actor import Actor
from common.errors import NotFound
from credit_bridge import services as credit
from credit_bridge.proposals import FIELDS
from credit_bridge.selectors import case_details, confirm_lines, proposed_loan
from interviews import services as interviews
from interviews.errors import ReasonRequired
from interviews.models import Call, InterviewTask, Participant, StillRequest
from interviews.selectors import call_of_seat
from interviews.states import ParticipantRole, RecordingAlarm, SnapshotKind, TagKind, Verdict
from parameters.selectors import value_of
from recordings import services as recordings
from scripts_mgmt.selectors import script_for
from seats import services as seats

from .errors import InvitedJustNow, TooManyReveals
from .protocol import StepDone

INVITE_EVERY_S = 60
SEAT_TEST_KBPS = 2500


def current_call(seat_id: int) -> Call:
    """The call the seat is in or has to file. Raises NotFound."""
    call = call_of_seat(seat_id)
    if call is None:
        raise NotFound
    return call


def _own_place(call: Call) -> Participant:
    return Participant.objects.get(call=call, role=ParticipantRole.SEAT)


def connect_media(seat_id: int, *, sdp: str, actor: Actor) -> dict[str, Any]:
    place = _own_place(current_call(seat_id))
    return interviews.connect_media(place.pk, offer_sdp=sdp, actor=actor)


def take_snapshot(seat_id: int, participant_id: UUID, *, kind: str, actor: Actor) -> dict[str, Any]:
    shot = interviews.take_snapshot(
        current_call(seat_id).pk, participant_id, kind=SnapshotKind(kind), actor=actor
    )
    return {"snapshot_id": str(shot.pk), "width": shot.width, "height": shot.height}


def set_tag(
    seat_id: int, *, kind: TagKind, note: str, actor: Actor, at_ms: int | None = None
) -> dict[str, Any]:
    tag = interviews.add_tag(
        current_call(seat_id).pk, kind=kind, note=note, actor=actor, at_ms=at_ms
    )
    return {"event_id": str(tag.pk), "at_ms": tag.at_ms}


def note_tag(seat_id: int, event_id: UUID, *, note: str, actor: Actor) -> None:
    """Raises NotFound when the tag is not of the seat's own call."""
    if not current_call(seat_id).events.filter(pk=event_id, kind="tag").exists():
        raise NotFound
    interviews.annotate_tag(event_id, note=note, actor=actor)


def delete_snapshot(seat_id: int, snapshot_id: UUID, *, reason: str, actor: Actor) -> None:
    """Raises NotFound when the snapshot is not of the seat's own call, ReasonRequired."""
    if not current_call(seat_id).snapshots.filter(pk=snapshot_id).exists():
        raise NotFound
    interviews.delete_snapshot(snapshot_id, actor=actor, reason=reason)


def set_muted(seat_id: int, *, muted: bool, actor: Actor) -> None:
    call = current_call(seat_id)
    interviews.set_muted(call.pk, _own_place(call).pk, muted=muted, actor=actor)


def set_guide(seat_id: int, *, frame: str, actor: Actor) -> None:
    interviews.add_event(
        current_call(seat_id).pk, kind="guide_frame", payload={"frame": frame}, actor=actor
    )


def change_loan(seat_id: int, *, field: str, value: str, actor: Actor) -> None:
    """Keep the change, send it, and mark the moment in the recording (WB-14).

    Raises ProposalWrong naming the field, TaskClosed.
    """
    call = current_call(seat_id)
    proposal = credit.change_loan(call.task_id, field, value, actor=actor)
    if proposal is not None:
        # What was said is in the sound; the journal keeps which field, not the value.
        interviews.add_event(
            call.pk,
            kind="loan_changed",
            payload={"field": field, "label": str(FIELDS[field].label)},
            actor=actor,
        )


def retry_loan(seat_id: int, *, actor: Actor) -> None:
    credit.hurry_proposals(current_call(seat_id).task_id, actor=actor)


def invite_again(seat_id: int, party_id: UUID, *, actor: Actor) -> None:
    """The SMS once more to a party of the case in hand. Raises NotFound, InvitedJustNow."""
    call = current_call(seat_id)
    if not cache.add(f"invited/{call.task_id}/{party_id}", 1, INVITE_EVERY_S):
        raise InvitedJustNow(seconds=INVITE_EVERY_S)
    credit.resend_sms(call.task.contract_no, party_id, actor=actor)


def show_card(seat_id: int, *, actor: Actor) -> dict[str, Any]:
    """The loan's amount, term and rate, as the credit system has them, to be confirmed.

    Raises CreditUnavailable, CallOver.
    """
    call = current_call(seat_id)
    lines = confirm_lines(proposed_loan(call.task_id))
    card = interviews.show_card(call.pk, title=_("请确认贷款信息"), lines=lines, actor=actor)
    return {"card_id": str(card.pk)}


def withdraw_card(seat_id: int, *, actor: Actor) -> None:
    interviews.withdraw_card(current_call(seat_id).pk, actor=actor)


def ask_still(seat_id: int, participant_id: UUID, *, kind: str, actor: Actor) -> dict[str, Any]:
    still = interviews.ask_still(
        current_call(seat_id).pk, participant_id, kind=SnapshotKind(kind), actor=actor
    )
    return {"still_id": str(still.pk)}


def cancel_still(seat_id: int, still_id: UUID, *, actor: Actor) -> None:
    """Raises NotFound when it is not of the seat's own call."""
    if not StillRequest.objects.filter(pk=still_id, call=current_call(seat_id)).exists():
        raise NotFound
    interviews.fail_still(still_id, reason="seat", actor=actor)


def admit(seat_id: int, participant_id: UUID, *, admitted: bool, actor: Actor) -> None:
    interviews.admit_participant(
        current_call(seat_id).pk, participant_id, admitted=admitted, actor=actor
    )


def set_recording(seat_id: int, *, on: bool, actor: Actor) -> None:
    interviews.set_recording(current_call(seat_id).pk, on=on, actor=actor)


def note_alarm_seen(seat_id: int, causes: Sequence[RecordingAlarm], *, actor: Actor) -> None:
    """The seat knew of it: a mark of the call, in the journal and in the log (WB-6)."""
    text = "、".join(str(cause.label) for cause in causes)
    interviews.add_event(
        current_call(seat_id).pk,
        kind="recording.alarm_seen",
        payload={"causes": [cause.value for cause in causes], "text": text},
        actor=actor,
    )


def play_item(seat_id: int, item_id: int, *, actor: Actor) -> dict[str, Any]:
    play = interviews.start_play(current_call(seat_id).pk, item_id, actor=actor)
    return {"play_id": str(play.pk)}


def control_play(seat_id: int, act: Literal["pause", "resume", "stop"], *, actor: Actor) -> None:
    interviews.control_play(current_call(seat_id).pk, act, actor=actor)


def start_share(seat_id: int, *, title: str, sdp: str, actor: Actor) -> dict[str, Any]:
    return interviews.start_share(current_call(seat_id).pk, title=title, offer_sdp=sdp, actor=actor)


def stop_share(seat_id: int, *, actor: Actor) -> None:
    interviews.stop_share(current_call(seat_id).pk, actor=actor)


def await_customers(seat_id: int, *, actor: Actor) -> None:
    interviews.await_customers(current_call(seat_id).pk, actor=actor)


def end_call(seat_id: int, *, actor: Actor) -> None:
    interviews.end_call(current_call(seat_id).pk, actor=actor, reason="seat")


def send_chat(seat_id: int, *, text: str, actor: Actor) -> None:
    call = current_call(seat_id)
    interviews.add_event(
        call.pk,
        kind="chat",
        payload={"text": text},
        actor=actor,
        participant_id=_own_place(call).pk,
    )


def mark_step(seat_id: int, step: StepDone, *, actor: Actor) -> None:
    """A step of the script is begun, finished or left out; it becomes a chapter (WB-21).

    Whether the step is required is what the script says, as for the lamp of release, not the page.
    """
    call = current_call(seat_id)
    payload: dict[str, Any] = {
        "order": step.order,
        "title": step.title,
        "text": step.text,
        "done": step.done,
        "required": _is_required(call, step.order),
    }
    if step.skip_reason.strip():
        payload |= {"skipped": True, "reason": step.skip_reason.strip()}
    if step.answer.strip():
        payload["answer"] = step.answer.strip()
    interviews.add_event(call.pk, kind="script_step", payload=payload, actor=actor)


def _is_required(call: Call, order: int) -> bool:
    task = call.task
    script = script_for(task.channel_code, task.product_code, task.business_type)
    return script is not None and script.steps.filter(order=order, required=True).exists()


def test_network(*, send_sdp: str, receive_sdp: str) -> dict[str, str]:
    """A seat's line is tried up to what its camera may send in the best quality."""
    return interviews.test_network(
        send_sdp=send_sdp, receive_sdp=receive_sdp, max_kbps=SEAT_TEST_KBPS
    )


def start_loop(seat_id: int, *, sdp: str) -> dict[str, str]:
    return recordings.start_loop(str(seat_id), offer_sdp=sdp)


def finish_loop(seat_id: int, loop_id: str, *, actor: Actor) -> dict[str, Any]:
    """What came of the test recording; kept with the seat's device check of the day."""
    report = recordings.finish_loop(loop_id, owner=str(seat_id)).as_dict()
    seats.note_loop(seat_id, report=report, actor=actor)
    return report


def file_verdict(seat_id: int, *, verdict: str, note: str, actor: Actor) -> None:
    interviews.file_verdict(
        current_call(seat_id).pk, verdict=Verdict(verdict), note=note, actor=actor
    )


REVEALABLE = ("id_no", "phone")


def reveal(call: Call, *, party: str, field: str, reason: str, actor: Actor) -> str:
    """A party's number in full. The reason is kept in the log, the number is not (NFR-3).

    Raises NotFound for anything else than a number of a party of this case, ReasonRequired,
    TooManyReveals, CreditUnavailable.
    """
    if field not in REVEALABLE:
        raise NotFound
    if not reason.strip():
        raise ReasonRequired
    found = [each for each in case_details(call.task_id).parties if each.name == party]
    if len(found) != 1:
        raise NotFound
    if audit.count_today("personal.revealed", actor=actor) >= value_of("reveals_per_day"):
        raise TooManyReveals
    audit.record(
        "personal.revealed",
        actor=actor,
        object_type="call",
        object_id=call.pk,
        chain=audit.interview_chain(call.task_id),
        field=field,
        reason=reason.strip()[:100],
    )
    return found[0].id_no if field == "id_no" else found[0].phone


def note_read_ahead(task: InterviewTask, *, actor: Actor) -> None:
    """A case was read before its call."""
    audit.record(
        "case.read_ahead",
        actor=actor,
        object_type="task",
        object_id=task.pk,
        chain=audit.interview_chain(task.pk),
    )
