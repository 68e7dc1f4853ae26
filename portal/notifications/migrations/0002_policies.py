"""Isolation of notices, and the people to whom mail is due."""

from django.db import migrations

from portal.lib.policies import APP, definer_function, isolate

DUE = """
    SELECT DISTINCT n.user_id, n.network_id FROM notifications_notice n
    WHERE n.due_at <= clock_timestamp() AND n.mailed_at IS NULL
        AND (n.claimed_until IS NULL OR n.claimed_until < clock_timestamp())
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_notices"), ("lib", "0001_scope")]
    operations = [
        isolate("notifications_notice", app="SELECT, INSERT, UPDATE, DELETE"),
        definer_function(
            "portal_people_with_mail_due()", returns="TABLE (person uuid, network uuid)", body=DUE, execute=APP
        ),
    ]
