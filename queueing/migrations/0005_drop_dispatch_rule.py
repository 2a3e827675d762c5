from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("queueing", "0004_rules_to_version")]

    operations = [migrations.DeleteModel(name="DispatchRule")]
