"""The read-only views of docs/reporting.md (REP-1). They hold no data: dropping them loses nothing."""

from django.db import migrations

# Everybody counts the same calls: rehearsals are in none of the views.
VIEWS = {
    "report.calls": """
SELECT c.id AS call_id, t.id AS task_id, t.generation, c.number AS call_number,
  t.product_code, t.product_name, t.business_type, t.loan_type,
  coalesce(nullif(r.channel_code, ''), t.channel_code) AS channel_code,
  t.property_province AS province, t.property_city AS city, t.property_county AS county,
  u.staff_no AS seat_no, i.code AS institution_code,
  c.clock_started_at AS started_at, (c.clock_started_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
  c.live_at, c.ended_at, extract(epoch FROM c.ended_at - c.live_at) AS talk_s,
  c.state, c.end_reason, c.verdict, t.state AS task_state,
  r.waited_s,
  p.people AS customers, p.legs, p.loss_up, p.rtt_ms, p.kbps_up, p.fps, p.poor_share,
  coalesce(e.gaps, 0) AS gaps, coalesce(e.gap_s, 0) AS gap_s,
  coalesce(e.tags, 0) AS tags, coalesce(e.risk_tags, 0) AS risk_tags,
  coalesce(e.snapshots, 0) AS snapshots, coalesce(e.steps_done, 0) AS steps_done,
  rec.stage AS recording_stage, rec.bytes AS recording_bytes,
  rec.duration_ms / 1000.0 AS recording_s, q.state AS qc_state, q.points AS qc_points,
  s.stars AS rating
FROM interviews_call c
JOIN interviews_interviewtask t ON t.id = c.task_id AND NOT t.rehearsal
JOIN seats_seat se ON se.id = c.seat_id
JOIN accounts_user u ON u.id = se.user_id
LEFT JOIN accounts_institution i ON i.id = u.institution_id
LEFT JOIN recordings_recording rec ON rec.call_id = c.id
LEFT JOIN qc_qcreview q ON q.call_id = c.id
LEFT JOIN LATERAL (
  SELECT min(channel_code) AS channel_code,
    extract(epoch FROM min(closed_at) - min(arrived_at)) AS waited_s
  FROM queueing_callrequest WHERE call_id = c.id) r ON true
LEFT JOIN LATERAL (
  SELECT count(*) AS people, sum(l.legs) AS legs,
    sum(y.loss_up_sum) / nullif(sum(y.samples), 0) AS loss_up,
    sum(y.rtt_ms_sum) / nullif(sum(y.rtt_samples), 0) AS rtt_ms,
    sum(y.kbps_up_sum) / nullif(sum(y.samples), 0) AS kbps_up,
    sum(y.fps_sum) / nullif(sum(y.samples), 0) AS fps,
    sum(y.poor)::float8 / nullif(sum(y.samples), 0) AS poor_share
  FROM interviews_participant pa
  LEFT JOIN interviews_qualitysummary y ON y.participant_id = pa.id
  LEFT JOIN LATERAL (
    SELECT count(*) AS legs FROM interviews_leg WHERE participant_id = pa.id) l ON true
  WHERE pa.call_id = c.id AND pa.role = 'customer') p ON true
LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE kind = 'gap') AS gaps,
    sum((until_ms - at_ms) / 1000.0) FILTER (WHERE kind = 'gap') AS gap_s,
    count(*) FILTER (WHERE kind = 'tag') AS tags,
    count(*) FILTER (WHERE kind = 'tag'
      AND payload ->> 'kind' NOT IN ('key_point', 'other')) AS risk_tags,
    count(*) FILTER (WHERE kind = 'snapshot') AS snapshots,
    count(*) FILTER (WHERE kind = 'script_step' AND payload ->> 'done' = 'true') AS steps_done
  FROM interviews_timelineevent WHERE call_id = c.id) e ON true
LEFT JOIN LATERAL (
  SELECT avg(stars) AS stars FROM customer_sdk_callrating WHERE call_id = c.id) s ON true
""",
    "report.parties": """
SELECT p.id AS party_id, p.task_id, t.product_code, t.channel_code, p.roles, p.marital_status,
  p.interviewed_at, count(pa.id) AS calls
FROM interviews_party p
JOIN interviews_interviewtask t ON t.id = p.task_id AND NOT t.rehearsal
LEFT JOIN interviews_participant pa ON pa.party_id = p.id
GROUP BY p.id, t.id
""",
    "report.timeline": """
SELECT e.call_id, e.kind, e.at_ms, e.until_ms, pa.role AS participant_role,
  CASE WHEN e.kind IN ('tag', 'snapshot') THEN e.payload ->> 'kind' END AS detail,
  CASE WHEN e.kind = 'script_step' THEN (e.payload ->> 'order')::int END AS step,
  CASE WHEN e.kind = 'script_step' THEN (e.payload ->> 'done')::boolean END AS step_done
FROM interviews_timelineevent e
JOIN interviews_call c ON c.id = e.call_id
JOIN interviews_interviewtask t ON t.id = c.task_id AND NOT t.rehearsal
LEFT JOIN interviews_participant pa ON pa.id = e.participant_id
WHERE e.kind NOT IN ('position', 'chat')
""",
    "report.admission_attempts": """
SELECT a.id AS attempt_id, a.created_at,
  (a.created_at AT TIME ZONE 'Asia/Shanghai')::date AS day, a.channel_code, a.product_code,
  a.region_code, a.admitted, a.reason, a.device_model, a.os, a.sdk_version,
  a.latitude IS NOT NULL AS had_position, a.ssid <> '' AS had_wifi, a.task_id
FROM channels_admin_admissionattempt a
WHERE NOT EXISTS (
  SELECT 1 FROM interviews_interviewtask t WHERE t.id = a.task_id AND t.rehearsal)
""",
    "report.waits": """
SELECT r.id AS request_id, r.task_id, r.call_id, r.arrived_at,
  (r.arrived_at AT TIME ZONE 'Asia/Shanghai')::date AS day, r.channel_code, t.product_code,
  t.product_name, t.property_province AS province, r.state, r.priority, r.closed_at,
  extract(epoch FROM r.closed_at - r.arrived_at) AS waited_s, count(o.id) AS offers,
  u.staff_no AS seat_no
FROM queueing_callrequest r
JOIN interviews_interviewtask t ON t.id = r.task_id AND NOT t.rehearsal
LEFT JOIN queueing_offer o ON o.request_id = r.id
LEFT JOIN interviews_call c ON c.id = r.call_id
LEFT JOIN seats_seat se ON se.id = c.seat_id
LEFT JOIN accounts_user u ON u.id = se.user_id
GROUP BY r.id, t.id, u.staff_no
""",
    "report.outcomes": """
SELECT t.id AS task_id, t.generation, t.product_code, t.product_name, t.channel_code,
  t.property_province AS province, t.property_city AS city, t.property_county AS county, t.state,
  t.reasons, t.created_at, t.settled_at,
  (t.settled_at AT TIME ZONE 'Asia/Shanghai')::date AS settled_day,
  extract(epoch FROM t.settled_at - t.created_at) / 86400 AS days_to_settle,
  t.superseded_at IS NOT NULL AS superseded,
  (SELECT count(*) FROM interviews_call c WHERE c.task_id = t.id) AS calls,
  (SELECT count(*) FROM interviews_party p WHERE p.task_id = t.id) AS parties,
  (SELECT count(*) FROM appointments_appointment a
    WHERE a.task_id = t.id AND a.moved_from_id IS NOT NULL) AS reschedules,
  (SELECT count(*) FROM appointments_appointment a
    WHERE a.task_id = t.id AND a.no_show) AS no_shows,
  (SELECT u.staff_no FROM interviews_call c JOIN seats_seat s ON s.id = c.seat_id
    JOIN accounts_user u ON u.id = s.user_id WHERE c.task_id = t.id
    ORDER BY c.number DESC LIMIT 1) AS seat_no
FROM interviews_interviewtask t WHERE NOT t.rehearsal
""",
    "report.quality": """
SELECT pa.id AS participant_id, pa.call_id, pa.role, y.samples,
  y.loss_up_sum / nullif(y.samples, 0) AS loss_up, y.loss_up_max,
  y.loss_down_sum / nullif(y.samples, 0) AS loss_down,
  y.rtt_ms_sum / nullif(y.rtt_samples, 0) AS rtt_ms, y.rtt_ms_max,
  y.kbps_up_sum / nullif(y.samples, 0) AS kbps_up, y.fps_sum / nullif(y.samples, 0) AS fps,
  y.poor::float8 / nullif(y.samples, 0) AS poor_share,
  (SELECT count(*) FROM interviews_leg l WHERE l.participant_id = pa.id) AS legs
FROM interviews_participant pa
JOIN interviews_call c ON c.id = pa.call_id
JOIN interviews_interviewtask t ON t.id = c.task_id AND NOT t.rehearsal
LEFT JOIN interviews_qualitysummary y ON y.participant_id = pa.id
""",
    # Names and numbers of people and contracts: a schema of its own, granted apart.
    "report_personal.calls": """
SELECT r.*, t.contract_no, t.customer_name, t.manager_no, t.manager_name, t.property_address,
  rec.download_name
FROM report.calls r
JOIN interviews_interviewtask t ON t.id = r.task_id
LEFT JOIN recordings_recording rec ON rec.call_id = r.call_id
""",
    "report_personal.admission_attempts": """
SELECT r.*, a.latitude, a.longitude, a.accuracy_m, a.ssid, a.bssid, a.ip
FROM report.admission_attempts r
JOIN channels_admin_admissionattempt a ON a.id = r.attempt_id
""",
}
CREATE = "CREATE SCHEMA report; CREATE SCHEMA report_personal;" + "".join(
    f"CREATE VIEW {name} AS {body};" for name, body in VIEWS.items()
)
DROP = "DROP SCHEMA report_personal CASCADE; DROP SCHEMA report CASCADE;"


class Migration(migrations.Migration):
    dependencies = [
        ("interviews", "0005_quality_summary"),
        ("appointments", "0002_holds_arrivals"),
        ("recordings", "0005_words_of_a_recording"),
        ("queueing", "0001_initial"),
        ("qc", "0003_second_opinions_and_clips"),
        ("channels_admin", "0001_initial"),
        ("customer_sdk", "0002_checks_and_ratings"),
        ("accounts", "0001_initial"),
        ("seats", "0001_initial"),
    ]

    operations = [migrations.RunSQL(CREATE.replace("%", "%%"), DROP)]
