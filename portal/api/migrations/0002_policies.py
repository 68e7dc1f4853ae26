"""Isolation of tokens, and the one look-up by hash: whoever asks has no scope yet."""

from django.db import migrations

from portal.lib.policies import APP, IN_ORGANIZATION_SCOPE, definer_function, isolate

BY_HASH = """
    SELECT t.id, t.organization_id, t.scopes::text[], t.networks, t.expires_at, t.revoked_at, t.last_used_at
    FROM api_token t WHERE t.token_hash = wanted
"""


class Migration(migrations.Migration):
    dependencies = [("api", "0001_initial"), ("lib", "0001_scope")]
    operations = [
        isolate(
            "api_token",
            app="SELECT, INSERT, UPDATE",
            using=IN_ORGANIZATION_SCOPE.format(column="organization_id"),
        ),
        definer_function(
            "portal_api_token(wanted bytea)",
            returns="TABLE (id uuid, organization_id uuid, scopes text[], networks uuid[], expires_at timestamptz,"
            " revoked_at timestamptz, last_used_at timestamptz)",
            body=BY_HASH,
            execute=APP,
        ),
    ]
