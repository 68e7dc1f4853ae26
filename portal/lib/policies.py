"""The SQL of grants, row-level policies and immutability, in the words that migrations use.

Roles are made by the bootstrap, never by a migration: `portal_owner` (migrations, retention, rebuild, definer
functions), `portal_app` (pages, workers) and `portal_receiver` (stores deliveries). None may bypass a policy.
"""

from __future__ import annotations

from django.db.migrations.operations import RunSQL

OWNER, APP, RECEIVER = "portal_owner", "portal_app", "portal_receiver"
# A sub-select makes PostgreSQL work the scope out once per statement instead of once per row.
IN_NETWORK_SCOPE = "{column} = ANY ((SELECT portal_network_scope())::uuid[])"
IN_ORGANIZATION_SCOPE = "{column} = ANY ((SELECT portal_organization_scope())::uuid[])"


def grant(table: str, *, app: str) -> RunSQL:
    """Grant the app role `app` (a list of privileges) on an identity table, which carries no policy."""
    return RunSQL(f"GRANT {app} ON {table} TO {APP}", f"REVOKE ALL ON {table} FROM {APP}")


def isolate(
    table: str,
    *,
    app: str,
    using: str = IN_NETWORK_SCOPE.format(column="network_id"),
    check: str | None = None,
) -> RunSQL:
    """Force row-level security on `table`: the app role sees rows for which `using` holds, the owner all.

    Without its own policy the owner's backfills would touch no row, silently, and pg_dump would fail.
    """
    return RunSQL(
        f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY {table}_app ON {table} TO {APP} USING ({using}) WITH CHECK ({check or using});
        CREATE POLICY {table}_owner ON {table} TO {OWNER} USING (true) WITH CHECK (true);
        GRANT {app} ON {table} TO {APP};
        """,
        f"""
        REVOKE ALL ON {table} FROM {APP};
        DROP POLICY {table}_owner ON {table};
        DROP POLICY {table}_app ON {table};
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
        """,
    )


def receiver_may_insert(table: str) -> RunSQL:
    """Let the receiver role add rows of any network to `table`, and nothing else (no reading, no RETURNING)."""
    return RunSQL(
        f"""
        CREATE POLICY {table}_receiver ON {table} FOR INSERT TO {RECEIVER} WITH CHECK (true);
        GRANT INSERT ON {table} TO {RECEIVER};
        """,
        f"REVOKE ALL ON {table} FROM {RECEIVER}; DROP POLICY {table}_receiver ON {table};",
    )


def immutable(table: str) -> RunSQL:
    """Refuse UPDATE, DELETE and TRUNCATE for everybody but the owner within retention (`portal.lib.retention`)."""
    return RunSQL(
        f"""
        CREATE TRIGGER {table}_immutable BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION portal_refuse_change();
        CREATE TRIGGER {table}_immutable_truncate BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION portal_refuse_change();
        """,
        f"""
        DROP TRIGGER {table}_immutable_truncate ON {table};
        DROP TRIGGER {table}_immutable ON {table};
        """,
    )


def definer_function(
    signature: str, *, returns: str, body: str, execute: str, language: str = "sql", plan_each_call: bool = False
) -> RunSQL:
    """Create a function that runs with the owner's rights, callable by the role(s) in `execute` only.

    Temporary objects are looked for last: else the app role could put a view of its own in the place of a table.
    `plan_each_call` is for statements whose best plan depends on the values: PL/pgSQL would keep one for all of them.
    """
    volatility = "STABLE" if language == "sql" and "INSERT" not in body.upper() else "VOLATILE"
    planning = "SET plan_cache_mode = force_custom_plan" if plan_each_call else ""
    return RunSQL(
        f"""
        CREATE FUNCTION {signature} RETURNS {returns} LANGUAGE {language} {volatility} SECURITY DEFINER
            SET search_path = pg_catalog, public, pg_temp {planning} AS $definer${body}$definer$;
        REVOKE ALL ON FUNCTION {signature} FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION {signature} TO {execute};
        """,
        f"DROP FUNCTION {signature};",
    )
