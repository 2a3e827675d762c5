"""Which counting of a month's lines it is: what `analytics.sums` keeps is of one of them (REP-1)."""

from django.db import migrations

FORWARD = """
CREATE TABLE analytics_month_versions (
  kind text NOT NULL, month date NOT NULL, version bigint NOT NULL, PRIMARY KEY (kind, month));
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_lines")]

    operations = [migrations.RunSQL(FORWARD, "DROP TABLE analytics_month_versions")]
