"""The two scope functions that every policy compares with, and the trigger that keeps evidence immutable."""

from django.db import migrations

SQL = """
CREATE FUNCTION portal_network_scope() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(string_to_array(nullif(current_setting('portal.networks', true), ''), ','), '{}')::uuid[] $$;

CREATE FUNCTION portal_organization_scope() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT coalesce(string_to_array(nullif(current_setting('portal.organizations', true), ''), ','), '{}')::uuid[] $$;

CREATE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$
BEGIN
    IF current_user = 'portal_owner' AND current_setting('portal.retention', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; ELSIF TG_OP = 'TRUNCATE' THEN RETURN NULL; END IF;
    END IF;
    RAISE EXCEPTION '% on % refused: this table is evidence and only retention may remove its rows',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END
$$;
"""
REVERSE = """
DROP FUNCTION portal_refuse_change();
DROP FUNCTION portal_organization_scope();
DROP FUNCTION portal_network_scope();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [migrations.RunSQL(SQL, REVERSE)]
