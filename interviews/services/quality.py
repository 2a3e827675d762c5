"""Network quality is passing news every two seconds; of it a sum a participant is kept (REP-1)."""

from uuid import UUID

from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from pydantic import ValidationError

from interviews.proof import remember_network
from media_worker.protocol import Event, Quality

# One measurement in so many seconds is summed up: enough for a report, little for the database.
EVERY_S = 10
POOR_LOSS_PERCENT, POOR_RTT_MS = 5.0, 400.0
_ADD = """
INSERT INTO interviews_qualitysummary AS kept
  (participant_id, samples, loss_up_sum, loss_up_max, loss_down_sum, rtt_samples, rtt_ms_sum,
   rtt_ms_max, kbps_up_sum, fps_sum, poor)
VALUES (%(who)s, 1, %(up)s, %(up)s, %(down)s, %(timed)s, %(rtt)s, %(rtt)s, %(kbps)s, %(fps)s,
        %(poor)s)
ON CONFLICT (participant_id) DO UPDATE SET
  samples = kept.samples + 1,
  loss_up_sum = kept.loss_up_sum + excluded.loss_up_sum,
  loss_up_max = greatest(kept.loss_up_max, excluded.loss_up_max),
  loss_down_sum = kept.loss_down_sum + excluded.loss_down_sum,
  rtt_samples = kept.rtt_samples + excluded.rtt_samples,
  rtt_ms_sum = kept.rtt_ms_sum + excluded.rtt_ms_sum,
  rtt_ms_max = greatest(kept.rtt_ms_max, excluded.rtt_ms_max),
  kbps_up_sum = kept.kbps_up_sum + excluded.kbps_up_sum,
  fps_sum = kept.fps_sum + excluded.fps_sum,
  poor = kept.poor + excluded.poor
"""


def sum_up_quality(event: Event) -> None:
    """Add a measurement, at most one in EVERY_S seconds a participant. What is malformed is not."""
    try:
        who = UUID(event.participant_id or "")
        quality = Quality.model_validate(event.payload)
    except (ValueError, ValidationError):
        return  # the share and played items have no participant
    remember_network(str(who), quality.level)
    if not cache.add(f"quality-summed:{who}", 1, EVERY_S):
        return
    rtt = quality.rtt_ms
    values: dict[str, UUID | float] = {
        "who": who,
        "up": quality.loss_up,
        "down": quality.loss_down,
        "timed": 0 if rtt is None else 1,
        "rtt": rtt or 0.0,
        "kbps": quality.kbps_up,
        "fps": quality.fps,
        "poor": int(quality.loss_up > POOR_LOSS_PERCENT or (rtt or 0.0) > POOR_RTT_MS),
    }
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_ADD, values)
    except IntegrityError:
        return  # of a participant that is gone
