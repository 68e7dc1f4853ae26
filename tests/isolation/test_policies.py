"""Every table is behind forced row-level policies, or on the one allow list of identity tables."""

from __future__ import annotations

import re

import pytest
from django.db import DatabaseError, connections, transaction

from portal.lib.ids import new_id
from portal.lib.scope import network_scope, scoped_networks, tenant_scope
from portal.trail.models import Entry
from portal.trail.record import COMMAND_LINE, record

pytestmark = pytest.mark.django_db

# Identity: people, sessions, sign-in, organizations and networks; none holds a secret of a tenant (design section 6).
ALLOWED_WITHOUT_POLICY = {
    "account_emailaddress",
    "account_emailconfirmation",
    "accounts_attempts",
    "accounts_invitation",
    "accounts_membership",
    "accounts_networkrole",
    "accounts_organization",
    "accounts_user",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "django_content_type",
    "django_migrations",
    "django_session",
    "networks_network",
}
SCOPED = re.compile(
    r"\b(network_id|organization_id) = ANY .{0,20}portal_(network|organization)_scope\(\)"
    r"|\bnetworks <@ .{0,20}portal_network_scope\(\)"
)
IMMUTABLE = ["webhooks_delivery", "timeline_event", "trail_entry"]


def rows(query: str) -> list[tuple[object, ...]]:
    with connections["owner"].cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def test_every_table_has_forced_policies_for_app_and_owner_or_is_allowed_without() -> None:
    tables = rows(
        """SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity,
            array(SELECT r.rolname::text FROM pg_policy p, unnest(p.polroles) o JOIN pg_roles r ON r.oid = o
                  WHERE p.polrelid = c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')"""
    )
    assert {name for name, *_ in tables} >= ALLOWED_WITHOUT_POLICY
    for name, enabled, forced, roles in tables:
        if name in ALLOWED_WITHOUT_POLICY:
            assert not enabled, f"{name} has a policy and needs no place on the allow list"
            continue
        assert enabled and forced, f"{name} lacks forced row-level security"
        assert {"portal_app", "portal_owner"} <= set(roles), f"{name} lacks the policy of a role"


def test_every_policy_of_the_app_role_compares_with_the_scope() -> None:
    policies = rows(
        "SELECT tablename, cmd, coalesce(qual, ''), coalesce(with_check, '') FROM pg_policies"
        " WHERE schemaname = 'public' AND 'portal_app' = ANY (roles)"
    )
    assert policies
    for table, command, using, check in policies:
        assert SCOPED.search(str(using)), f"{table} ({command}) is seen without a scope"
        # Whoever acts may record the act, also outside any scope: a denied sign-in belongs to no tenant.
        assert SCOPED.search(str(check)) or table == "trail_entry", f"{table} ({command}) is written without a scope"


def test_no_view_shows_what_its_owner_sees() -> None:
    """A view asks with its owner's rights, whom no scope binds, unless it says otherwise."""
    views = rows(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind = 'm'"
        " OR c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') @> '{security_invoker=true}')"
    )
    assert views == []


def test_the_receiver_adds_deliveries_and_can_do_nothing_else() -> None:
    allowed = rows(
        "SELECT c.relname, p.privilege FROM pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE}'::text[])"
        " p(privilege) WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')"
        " AND has_table_privilege('portal_receiver', c.oid, p.privilege) ORDER BY 1"
    )
    assert allowed == [("webhooks_delivery", "INSERT"), ("webhooks_processing", "INSERT")]


def test_no_role_of_ours_may_bypass_policies() -> None:
    assert rows("SELECT rolname FROM pg_roles WHERE rolname LIKE 'portal%' AND (rolsuper OR rolbypassrls)") == []


def test_definer_functions_are_the_known_ones_and_not_public() -> None:
    functions = rows(
        "SELECT proname, has_function_privilege('public', oid, 'execute'), proconfig FROM pg_proc"
        " WHERE prosecdef AND pronamespace = 'public'::regnamespace"
    )
    assert {name for name, *_ in functions} == {
        "portal_exports_due",
        "portal_exports_remove_expired",
        "portal_api_token",
        "portal_inbox_for_token",
        "portal_metrics",
        "portal_networks_with_batches_due",
        "portal_networks_with_evidence_due",
        "portal_networks_with_job_mails_due",
        "portal_people_with_mail_due",
        "portal_networks_with_checks_due",
        "portal_networks_with_recheck_wanted",
        "portal_networks_with_stock_writes",
        "portal_networks_with_references_to_read",
        "portal_networks_with_waiting_deliveries",
        "portal_part_maxima",
        "portal_quarantine_count_down",
        "portal_quarantine_store",
        "portal_search_events",
        "portal_tasks_found",
    }
    for name, public, config in functions:
        assert "search_path=pg_catalog, public, pg_temp" in config, name
        if name != "portal_quarantine_count_down":  # a trigger function: it cannot be called
            assert not public, name


def test_a_definer_function_never_runs_what_the_app_role_made() -> None:
    """A temporary view of a table's name, which PostgreSQL would look for first, would run its code as the owner."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            """CREATE TABLE pg_temp.ran_as (who text);
            CREATE FUNCTION pg_temp.spy() RETURNS uuid LANGUAGE plpgsql AS $$ BEGIN
                INSERT INTO pg_temp.ran_as VALUES (current_user); RETURN NULL; END $$;
            CREATE TEMPORARY VIEW networks_network AS SELECT pg_temp.spy() AS id;
            GRANT ALL ON pg_temp.ran_as, networks_network TO PUBLIC;
            SELECT * FROM portal_networks_with_waiting_deliveries();
            SELECT * FROM portal_metrics()"""
        )
        cursor.execute("SELECT * FROM pg_temp.ran_as")
        assert cursor.fetchall() == []


def test_without_a_scope_nothing_is_seen() -> None:
    network = new_id()
    record("network_changed", actor=COMMAND_LINE, network_id=network)
    assert Entry.objects.count() == 0
    with network_scope(network):
        assert Entry.objects.count() == 1
    with network_scope(new_id()):
        assert Entry.objects.count() == 0


def test_scopes_nest_and_come_back() -> None:
    outer, inner = new_id(), new_id()
    with network_scope(outer):
        with tenant_scope(networks=[inner, outer]):
            assert set(scoped_networks()) == {inner, outer}
        assert scoped_networks() == [outer]
        with pytest.raises(ValueError, match="boom"), network_scope(inner):
            raise ValueError("boom")
        assert scoped_networks() == [outer]
    assert scoped_networks() == []


@pytest.mark.parametrize("table", IMMUTABLE)
@pytest.mark.parametrize("alias", ["default", "owner"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET network_id = network_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"]
)
def test_evidence_refuses_change_by_app_and_owner(table: str, alias: str, statement: str) -> None:
    if table == "trail_entry":
        with network_scope(new_id(), using=alias), connections[alias].cursor() as cursor:
            cursor.execute(
                "INSERT INTO trail_entry (id, at, actor, action, subject, details)"
                " VALUES (gen_random_uuid(), now(), 'x', 'x', '', '{}')"
            )
    elif not statement.startswith("TRUNCATE") and alias == "owner":
        # A row trigger fires only where there is a row; the trigger itself is what is asserted here.
        triggers = rows(
            f"SELECT tgname FROM pg_trigger WHERE tgrelid = '{table}'::regclass AND tgname = '{table}_immutable'"
            " AND tgenabled = 'O'"
        )
        assert len(triggers) == 1
        return
    with pytest.raises(DatabaseError), transaction.atomic(using=alias), connections[alias].cursor() as cursor:
        cursor.execute(statement.format(table))
