"""设备预检: what a party's phone and network were like, noted on the appointment."""

from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import transaction

from appointments.models import DeviceCheck
from appointments.selectors import current_appointment
from appointments.states import AppointmentState, NetworkGrade
from audit import services as audit
from common.actor import Actor
from common.push import push, seat_group


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What the device found out about itself. `loss_percent` 0 to 100, `kbps` upwards."""

    camera: bool
    microphone: bool
    speaker: bool
    network: NetworkGrade
    loss_percent: float | None = None
    rtt_ms: float | None = None
    kbps: float | None = None
    host: str = ""
    trouble: str = ""


@transaction.atomic
def note_check(
    task_id: UUID,
    *,
    party_id: UUID,
    result: CheckResult,
    early: bool,
    os: str,
    device_model: str,
    actor: Actor,
) -> DeviceCheck:
    """Keep the result; the seat of the appointment sees it in today's list."""
    appointment = current_appointment(task_id)
    booked = appointment is not None and appointment.state == AppointmentState.BOOKED
    check = DeviceCheck.objects.create(
        task_id=task_id,
        party_id=party_id,
        appointment_id=appointment.pk if appointment and booked else None,
        early=early,
        os=os,
        device_model=device_model,
        **asdict(result),
    )
    audit.record(
        "device.checked",
        actor=actor,
        object_type="party",
        object_id=party_id,
        chain=audit.interview_chain(task_id),
        passed=check.passed,
        network=check.network,
        early=early,
    )
    if appointment is not None and booked:
        push(seat_group(appointment.seat_id), "seat.changed")
    return check
