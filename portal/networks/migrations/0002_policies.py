"""Isolation of keys, inboxes and secrets, and the receiver's one look-up."""

from django.db import migrations

from portal.lib.policies import RECEIVER, definer_function, grant, isolate

INBOX_FOR_TOKEN = """
    SELECT a.id, a.network_id, n.vendor_network_id, i.recipe,
        coalesce((SELECT array_agg(s.sealed_secret ORDER BY s.created_at DESC, s.id) FROM networks_signingsecret s
            WHERE s.inbox_id = i.id AND (s.valid_until IS NULL OR s.valid_until > now())), '{}')
    FROM networks_inboxaddress a
    JOIN networks_inbox i ON i.id = a.inbox_id
    JOIN networks_network n ON n.id = a.network_id
    WHERE a.token_hash = wanted AND (a.valid_until IS NULL OR a.valid_until > now())
"""


class Migration(migrations.Migration):
    dependencies = [("networks", "0001_initial"), ("accounts", "0003_grants"), ("lib", "0001_scope")]
    operations = [
        grant("networks_network", app="SELECT, INSERT, UPDATE"),
        isolate("networks_credential", app="SELECT, INSERT, UPDATE"),
        isolate("networks_inbox", app="SELECT, INSERT, UPDATE"),
        isolate("networks_inboxaddress", app="SELECT, INSERT, UPDATE"),
        isolate("networks_signingsecret", app="SELECT, INSERT, UPDATE"),
        definer_function(
            "portal_inbox_for_token(wanted bytea)",
            returns="TABLE (address_id uuid, network_id uuid, vendor_network_id uuid, recipe jsonb, secrets bytea[])",
            body=INBOX_FOR_TOKEN,
            execute=RECEIVER,
        ),
    ]
