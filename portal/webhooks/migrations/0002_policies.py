"""Isolation and immutability of deliveries; what the receiver may do; the bounded quarantine."""

from django.db import migrations

from portal.lib.policies import APP, RECEIVER, definer_function, immutable, isolate, receiver_may_insert

QUARANTINE_STORE_SIGNATURE = """portal_quarantine_store(
    p_network uuid, p_id uuid, p_address uuid, p_received timestamptz, p_reason text, p_body bytea, p_headers jsonb,
    p_max_entries bigint, p_max_bytes bigint, p_max_per_minute bigint)"""
# The usage row is locked first, so that concurrent receivers together stay within the bound.
QUARANTINE_STORE = """
DECLARE
    used webhooks_quarantineusage%ROWTYPE;
    this_minute timestamptz := date_trunc('minute', clock_timestamp());
    bytes bigint := length(p_body) + length(p_headers::text);
BEGIN
    INSERT INTO webhooks_quarantineusage (network_id, entries, size, entries_in_minute, refused)
        VALUES (p_network, 0, 0, 0, 0) ON CONFLICT DO NOTHING;
    SELECT * INTO used FROM webhooks_quarantineusage WHERE network_id = p_network FOR UPDATE;
    IF used.minute IS DISTINCT FROM this_minute THEN
        used.entries_in_minute := 0;
    END IF;
    IF used.entries >= p_max_entries OR used.size + bytes > p_max_bytes
        OR used.entries_in_minute >= p_max_per_minute THEN
        UPDATE webhooks_quarantineusage SET refused = refused + 1 WHERE network_id = p_network;
        RETURN false;
    END IF;
    INSERT INTO webhooks_quarantineddelivery (network_id, id, address_id, received_at, reason, body, headers, size)
        VALUES (p_network, p_id, p_address, p_received, p_reason, p_body, p_headers, bytes);
    UPDATE webhooks_quarantineusage SET entries = entries + 1, size = size + bytes, minute = this_minute,
        entries_in_minute = used.entries_in_minute + 1 WHERE network_id = p_network;
    RETURN true;
END
"""
COUNT_DOWN = """
CREATE FUNCTION portal_quarantine_count_down() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE webhooks_quarantineusage u SET entries = u.entries - gone.entries, size = u.size - gone.size
        FROM (SELECT network_id, count(*) AS entries, sum(size) AS size FROM removed GROUP BY 1) gone
        WHERE u.network_id = gone.network_id;
    RETURN NULL;
END $$;
CREATE TRIGGER quarantine_count_down AFTER DELETE ON webhooks_quarantineddelivery
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION portal_quarantine_count_down();
"""
WAITING = """
    SELECT n.id FROM networks_network n WHERE EXISTS (
        SELECT 1 FROM webhooks_processing p WHERE p.network_id = n.id AND p.state = 'waiting')
"""
RECHECK = "SELECT network_id FROM networks_inbox WHERE recheck_wanted_at IS NOT NULL"


class Migration(migrations.Migration):
    dependencies = [
        ("webhooks", "0001_initial"),
        ("networks", "0002_policies"),
        ("timeline", "0002_policies"),
    ]
    operations = [
        isolate("webhooks_delivery", app="SELECT, INSERT"),
        receiver_may_insert("webhooks_delivery"),
        immutable("webhooks_delivery"),
        isolate("webhooks_processing", app="SELECT, INSERT, UPDATE"),
        receiver_may_insert("webhooks_processing"),
        isolate("webhooks_quarantineddelivery", app="SELECT, DELETE"),
        isolate("webhooks_quarantineusage", app="SELECT"),
        definer_function(
            QUARANTINE_STORE_SIGNATURE,
            returns="boolean",
            body=QUARANTINE_STORE,
            execute=RECEIVER,
            language="plpgsql",
        ),
        migrations.RunSQL(
            COUNT_DOWN,
            """DROP TRIGGER quarantine_count_down ON webhooks_quarantineddelivery;
            DROP FUNCTION portal_quarantine_count_down();""",
        ),
        definer_function("portal_networks_with_waiting_deliveries()", returns="SETOF uuid", body=WAITING, execute=APP),
        definer_function("portal_networks_with_recheck_wanted()", returns="SETOF uuid", body=RECHECK, execute=APP),
    ]
