"""Definer functions look for temporary objects last: PostgreSQL looks there first unless told.

Else whoever may make a temporary view of a table's name could have code run as the owner. Functions made since say so
themselves (portal/lib/policies.py).
"""

from django.db import migrations

SQL = """
DO $$
DECLARE
    made text;
BEGIN
    FOR made IN SELECT oid::regprocedure FROM pg_proc
        WHERE prosecdef AND pronamespace = 'public'::regnamespace AND proowner = current_user::regrole
    LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', made);
    END LOOP;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("webhooks", "0003_metrics"), ("timeline", "0003_search"), ("networks", "0002_policies")]
    operations = [migrations.RunSQL(SQL, migrations.RunSQL.noop)]
