"""A call and a request are counted once (REP-1), not whenever somebody looks.

`analytics_counted_calls` and `analytics_counted_requests` count a line from all the tables, as the views of
docs/reporting.md did by themselves. Its result is kept in `analytics_call_lines` and
`analytics_request_lines`. Whatever changes a row a line was counted from leaves the line's key in
`analytics_touched_…`, in the same transaction. The views show kept lines nobody touched, and count
the others: they are right at every moment, whether or not `analytics.services.count_lines_again`
has run. The keys are appended only, so that nobody ever waits for another's mark.
"""

import importlib

from django.db import migrations

# A column of the kept line -> what stands in its place in the view. People move and are renamed:
# who interviewed, and where he belongs, are looked up.
LOOKED_UP = {"seat_no": "u.staff_no", "institution_code": "i.code"}
PEOPLE = """
{join} seats_seat se ON se.id = l.seat_id
{join} accounts_user u ON u.id = se.user_id
LEFT JOIN accounts_institution i ON i.id = u.institution_id"""

_before = importlib.import_module("analytics.migrations.0001_report_views")
_waits_before = importlib.import_module("analytics.migrations.0002_waits_by_place").AFTER
_calls_before = _before.VIEWS["report.calls"]

CALLS = _calls_before.replace(
    "u.staff_no AS seat_no, i.code AS institution_code", "c.seat_id"
).replace(
    """JOIN seats_seat se ON se.id = c.seat_id
JOIN accounts_user u ON u.id = se.user_id
LEFT JOIN accounts_institution i ON i.id = u.institution_id
""",
    "",
)
REQUESTS = """
SELECT r.id AS request_id, r.task_id, r.call_id, r.arrived_at,
  (r.arrived_at AT TIME ZONE 'Asia/Shanghai')::date AS day, r.channel_code, t.product_code,
  t.product_name, t.property_province AS province, r.state, r.priority, r.closed_at,
  extract(epoch FROM r.closed_at - r.arrived_at) AS waited_s,
  (SELECT count(*) FROM queueing_offer o WHERE o.request_id = r.id) AS offers,
  c.seat_id, t.property_city AS city, t.property_county AS county
FROM queueing_callrequest r
JOIN interviews_interviewtask t ON t.id = r.task_id AND NOT t.rehearsal
LEFT JOIN interviews_call c ON c.id = r.call_id
"""

CALL_COLUMNS = [
    "call_id",
    "task_id",
    "generation",
    "call_number",
    "product_code",
    "product_name",
    "business_type",
    "loan_type",
    "channel_code",
    "province",
    "city",
    "county",
    "seat_no",
    "institution_code",
    "started_at",
    "day",
    "live_at",
    "ended_at",
    "talk_s",
    "state",
    "end_reason",
    "verdict",
    "task_state",
    "waited_s",
    "customers",
    "legs",
    "loss_up",
    "rtt_ms",
    "kbps_up",
    "fps",
    "poor_share",
    "gaps",
    "gap_s",
    "tags",
    "risk_tags",
    "snapshots",
    "steps_done",
    "recording_stage",
    "recording_bytes",
    "recording_s",
    "qc_state",
    "qc_points",
    "rating",
]
REQUEST_COLUMNS = [
    "request_id",
    "task_id",
    "call_id",
    "arrived_at",
    "day",
    "channel_code",
    "product_code",
    "product_name",
    "province",
    "state",
    "priority",
    "closed_at",
    "waited_s",
    "offers",
    "seat_no",
    "city",
    "county",
    "institution_code",
]


def view(columns: list[str], kind: str, join: str) -> str:
    shown = ", ".join(f"{LOOKED_UP.get(name, 'l.' + name)} AS {name}" for name in columns)
    return f"""
SELECT {shown}
FROM (
  SELECT * FROM analytics_{kind}_lines k
  WHERE NOT EXISTS (SELECT FROM analytics_touched_{kind}s d WHERE d.{kind}_id = k.{kind}_id)
  UNION ALL
  SELECT n.* FROM (SELECT DISTINCT {kind}_id FROM analytics_touched_{kind}s) d
  -- OFFSET keeps the planner from counting every {kind} there is and choosing then.
  CROSS JOIN LATERAL (SELECT * FROM analytics_counted_{kind}s c WHERE c.{kind}_id = d.{kind}_id OFFSET 0) n
) l{PEOPLE.format(join=join)}
"""  # noqa: S608  # our own words


def tables(kind: str, source: str, body: str, moment: str) -> str:
    """The counting view, the kept lines, the marks; all there is by now is marked."""
    return f"""
CREATE VIEW analytics_counted_{kind}s AS {body};
CREATE TABLE analytics_{kind}_lines AS SELECT * FROM analytics_counted_{kind}s WITH NO DATA;
ALTER TABLE analytics_{kind}_lines ADD PRIMARY KEY ({kind}_id);
CREATE INDEX {kind}_lines_moment ON analytics_{kind}_lines ({moment});
CREATE TABLE analytics_touched_{kind}s (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {kind}_id uuid NOT NULL);
CREATE INDEX touched_{kind}s_key ON analytics_touched_{kind}s ({kind}_id);
INSERT INTO analytics_touched_{kind}s ({kind}_id) SELECT id FROM {source};
"""  # noqa: S608  # our own words


def touch(name: str, **marks: str) -> str:
    """A trigger's function. A mark is told of the row as it is, and as it was if its key was another."""
    was = "".join(
        f"  IF TG_OP = 'DELETE' OR TG_OP = 'UPDATE' AND OLD.{key} IS DISTINCT FROM NEW.{key} THEN\n"
        f"    {mark.format(row='OLD')};\n  END IF;\n"
        for key, mark in marks.items()
    )
    now = "".join(f"    {mark.format(row='NEW')};\n" for mark in marks.values())
    return f"""
CREATE FUNCTION analytics_touch_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{was}  IF TG_OP = 'INSERT' OR TG_OP = 'UPDATE' AND OLD.* IS DISTINCT FROM NEW.* THEN
{now}  END IF;
  RETURN NULL;
END $$;
"""


_CALL, _REQUEST = (
    f"INSERT INTO analytics_touched_{kind}s ({kind}_id) SELECT " for kind in ("call", "request")
)
_CALL_OF_REQUEST = _CALL + "{row}.call_id WHERE {row}.call_id IS NOT NULL"
_REQUEST_OF_CALL = _REQUEST + "r.id FROM queueing_callrequest r WHERE r.call_id = {row}.id"
FUNCTIONS = (
    touch("task", id=_CALL + "c.id FROM interviews_call c WHERE c.task_id = {row}.id")
    + touch(
        "task_requests", id=_REQUEST + "r.id FROM queueing_callrequest r WHERE r.task_id = {row}.id"
    )
    + touch("call", id=_CALL + "{row}.id")
    + touch("call_requests", id=_REQUEST_OF_CALL)
    + touch("request", id=_REQUEST + "{row}.id", call_id=_CALL_OF_REQUEST)
    + touch("of_request", request_id=_REQUEST + "{row}.request_id")
    + touch("of_call", call_id=_CALL + "{row}.call_id")
    + touch(
        "of_participant",
        participant_id=_CALL
        + "p.call_id FROM interviews_participant p WHERE p.id = {row}.participant_id",
    )
)
# (table, function, the columns whose change matters)
TRIGGERS = (
    (
        "interviews_interviewtask",
        "task",
        "generation, product_code, product_name, business_type, loan_type, channel_code,"
        " property_province, property_city, property_county, state, rehearsal",
    ),
    (
        "interviews_interviewtask",
        "task_requests",
        "product_code, product_name, property_province, property_city, property_county, rehearsal",
    ),
    (
        "interviews_call",
        "call",
        "task_id, number, seat_id, clock_started_at, live_at, ended_at, state, end_reason, verdict",
    ),
    ("interviews_call", "call_requests", "seat_id"),
    (
        "queueing_callrequest",
        "request",
        "task_id, call_id, channel_code, arrived_at, closed_at, state, priority",
    ),
    ("queueing_offer", "of_request", "request_id"),
    ("interviews_participant", "of_call", "call_id, role"),
    ("interviews_timelineevent", "of_call", "call_id, kind, at_ms, until_ms, payload"),
    ("interviews_leg", "of_participant", "participant_id"),
    (
        "interviews_qualitysummary",
        "of_participant",
        "samples, rtt_samples, poor, loss_up_sum, rtt_ms_sum, kbps_up_sum, fps_sum",
    ),
    ("recordings_recording", "of_call", "stage, bytes, duration_ms"),
    ("qc_qcreview", "of_call", "state, points"),
    ("customer_sdk_callrating", "of_call", "stars"),
)


def trigger(table: str, function: str, columns: str) -> str:
    return (
        f"CREATE TRIGGER analytics_touch_{function} AFTER INSERT OR DELETE OR UPDATE OF {columns}"
        f" ON {table} FOR EACH ROW EXECUTE FUNCTION analytics_touch_{function}();\n"
    )


FORWARD = (
    tables("call", "interviews_call", CALLS, "started_at")
    + tables("request", "queueing_callrequest", REQUESTS, "arrived_at")
    + FUNCTIONS
    + "".join(trigger(*each) for each in TRIGGERS)
    + f"CREATE OR REPLACE VIEW report.calls AS {view(CALL_COLUMNS, 'call', 'JOIN')};"
    + f"CREATE OR REPLACE VIEW report.waits AS {view(REQUEST_COLUMNS, 'request', 'LEFT JOIN')};"
)
BACKWARD = (
    f"CREATE OR REPLACE VIEW report.calls AS {_calls_before};"
    f"CREATE OR REPLACE VIEW report.waits AS {_waits_before};"
    + "".join(
        f"DROP FUNCTION {name}() CASCADE;"  # with its triggers
        for name in sorted({f"analytics_touch_{function}" for _table, function, _ in TRIGGERS})
    )
    + "".join(
        f"DROP VIEW analytics_counted_{kind}s; DROP TABLE analytics_{kind}_lines;"
        f"DROP TABLE analytics_touched_{kind}s;"
        for kind in ("call", "request")
    )
)


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0002_waits_by_place"),
        ("interviews", "0010_second_interviews"),
        ("queueing", "0009_long_lists"),
        ("recordings", "0021_files_to_visit"),
        ("qc", "0004_indexes_of_reports"),
        ("customer_sdk", "0002_checks_and_ratings"),
    ]

    operations = [migrations.RunSQL(FORWARD.replace("%", "%%"), BACKWARD.replace("%", "%%"))]
