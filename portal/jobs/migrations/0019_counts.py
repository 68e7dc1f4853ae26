"""What of a count sheet was weighed against movements since it was made."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("jobs", "0018_part_maxima"),
    ]

    operations = [
        migrations.AddField(
            model_name="row",
            name="weighed_until",
            field=models.DateTimeField(null=True),
        ),
    ]
