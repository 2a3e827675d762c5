"""The two queues of background work, each with worker processes of its own.

Deadlines are swept every second, and what may take minutes must never stand before them.
"""

SHORT = "short"  # the default: deadlines and messages, a moment each
LONG = "long"
# Files, stores, reports; also the sweeps that only wake such work, so that it cannot pile up.
LONG_TASKS = (
    "recordings.tasks.*",
    "exports.tasks.*",
    "audit.tasks.*",
    "marketing_media.tasks.*",
    "credit_bridge.tasks.reconcile_daily",
    "qc.tasks.draw_samples",
    "qc.tasks.refresh_reasons",
    "queueing.tasks.replay",
    "analytics.tasks.*",
)
