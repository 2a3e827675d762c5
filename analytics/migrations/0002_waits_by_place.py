"""report.waits tells the place of the property and the institution of who answered, too (REP-1)."""

from django.db import migrations

WAITS = """
SELECT r.id AS request_id, r.task_id, r.call_id, r.arrived_at,
  (r.arrived_at AT TIME ZONE 'Asia/Shanghai')::date AS day, r.channel_code, t.product_code,
  t.product_name, t.property_province AS province, r.state, r.priority, r.closed_at,
  extract(epoch FROM r.closed_at - r.arrived_at) AS waited_s, count(o.id) AS offers,
  u.staff_no AS seat_no{columns}
FROM queueing_callrequest r
JOIN interviews_interviewtask t ON t.id = r.task_id AND NOT t.rehearsal
LEFT JOIN queueing_offer o ON o.request_id = r.id
LEFT JOIN interviews_call c ON c.id = r.call_id
LEFT JOIN seats_seat se ON se.id = c.seat_id
LEFT JOIN accounts_user u ON u.id = se.user_id{joins}
GROUP BY r.id, t.id, u.staff_no{groups}
"""
BEFORE = WAITS.format(columns="", joins="", groups="")
AFTER = WAITS.format(
    columns=""",
  t.property_city AS city, t.property_county AS county, i.code AS institution_code""",
    joins="""
LEFT JOIN accounts_institution i ON i.id = u.institution_id""",
    groups=", i.code",
)


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0001_report_views"),
    ]

    operations = [
        migrations.RunSQL(
            f"CREATE OR REPLACE VIEW report.waits AS {AFTER}",
            # A view's columns can be added, not taken away. Who was granted it is granted it anew.
            f"DROP VIEW report.waits; CREATE VIEW report.waits AS {BEFORE}",
        )
    ]
