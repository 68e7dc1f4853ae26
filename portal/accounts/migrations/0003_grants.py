"""What the app role may do with the identity tables, its own and those of Django and allauth."""

from django.db import migrations

from portal.lib.policies import grant

ALL = "SELECT, INSERT, UPDATE, DELETE"
TABLES = {
    "accounts_user": ALL,
    "accounts_organization": "SELECT, INSERT, UPDATE",
    "accounts_membership": ALL,
    "accounts_networkrole": ALL,
    "accounts_invitation": "SELECT, INSERT, UPDATE",
    "django_session": ALL,
    "django_migrations": "SELECT",
    "django_content_type": "SELECT",
    "auth_permission": "SELECT",
    "auth_group": "SELECT",
    "auth_group_permissions": "SELECT",
    "account_emailaddress": ALL,
    "account_emailconfirmation": ALL,
}


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_initial"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sessions", "0001_initial"),
    ]
    operations = [grant(table, app=privileges) for table, privileges in TABLES.items()] + [
        migrations.RunSQL(
            "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO portal_app",
            "REVOKE USAGE ON ALL SEQUENCES IN SCHEMA public FROM portal_app",
        )
    ]
