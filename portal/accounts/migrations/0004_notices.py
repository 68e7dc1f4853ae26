"""How each person wants to hear of each kind of notice."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_grants"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="notify",
            field=models.JSONField(blank=True, db_default={}, default=dict),
        ),
    ]
