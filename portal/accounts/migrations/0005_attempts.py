"""Attempts to sign in are counted in the database, so that neither signing in nor its limits depend on the broker."""

from django.db import migrations

from portal.lib.policies import grant

# The columns are those of Django's createcachetable.
CREATE = """
CREATE TABLE accounts_attempts (
    cache_key varchar(255) NOT NULL PRIMARY KEY, value text NOT NULL, expires timestamp with time zone NOT NULL
);
CREATE INDEX accounts_attempts_expires ON accounts_attempts (expires)
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_notices")]

    operations = [
        migrations.RunSQL(CREATE, "DROP TABLE accounts_attempts"),
        grant("accounts_attempts", app="SELECT, INSERT, UPDATE, DELETE"),
    ]
