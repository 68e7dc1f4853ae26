"""The orders in which parts and gaps are listed: one index each."""

import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("networks", "0003_recheck_lease"),
        ("stock", "0002_policies"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="part",
            name="part_moved",
        ),
        migrations.AddIndex(
            model_name="gap",
            index=models.Index(fields=["network", "-until"], name="gap_latest"),
        ),
        migrations.AddIndex(
            model_name="part",
            index=models.Index(fields=["network", "moved_at", "part"], name="part_moved"),
        ),
        migrations.AddIndex(
            model_name="part",
            index=models.Index(fields=["network", "level", "part"], name="part_level"),
        ),
        migrations.AddIndex(
            model_name="part",
            index=models.Index(fields=["network", "as_of", "part"], name="part_as_of"),
        ),
        migrations.AddIndex(
            model_name="part",
            index=models.Index(
                condition=models.Q(("confidence", "exact"), _negated=True),
                fields=["network", "confidence", "part"],
                name="part_not_exact",
            ),
        ),
        migrations.AddIndex(
            model_name="part",
            index=models.Index(
                models.F("network"),
                django.db.models.functions.comparison.Least("out_since", "below_since"),
                models.F("part"),
                condition=models.Q(("out_since__isnull", False), ("below_since__isnull", False), _connector="OR"),
                name="part_low",
            ),
        ),
    ]
