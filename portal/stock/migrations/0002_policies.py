"""Isolation of the stock projection, and the networks whose accepted writes wait to be folded."""

from django.db import migrations

from portal.lib.policies import APP, definer_function, isolate

ALL = "SELECT, INSERT, UPDATE, DELETE"
WAITING = """
    SELECT n.id FROM networks_network n
    WHERE EXISTS (SELECT 1 FROM stock_write w WHERE w.network_id = n.id AND NOT w.folded)
"""


class Migration(migrations.Migration):
    dependencies = [("stock", "0001_initial"), ("lib", "0001_scope")]
    operations = [
        *(isolate(f"stock_{name}", app=ALL) for name in ("entry", "part", "level", "gap", "networkscope")),
        isolate("stock_write", app="SELECT, INSERT, UPDATE"),
        definer_function("portal_networks_with_stock_writes()", returns="SETOF uuid", body=WAITING, execute=APP),
    ]
