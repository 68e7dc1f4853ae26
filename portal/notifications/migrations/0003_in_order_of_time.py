"""Notices are listed in the order in which things happened, not in that in which they were written."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("networks", "0003_recheck_lease"), ("notifications", "0002_policies")]

    operations = [
        migrations.RemoveIndex(model_name="notice", name="notice_latest"),
        migrations.RemoveIndex(model_name="notice", name="notice_unseen"),
        migrations.AddIndex(
            model_name="notice", index=models.Index(fields=["user_id", "-at", "-id"], name="notice_latest")
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                fields=["user_id", "-at", "-id"],
                condition=models.Q(seen_at__isnull=True, in_bell=True),
                name="notice_unseen",
            ),
        ),
    ]
