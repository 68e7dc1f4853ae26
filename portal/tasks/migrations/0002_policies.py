"""Isolation of the projection of tasks."""

from django.db import migrations

from portal.lib.policies import isolate


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial"), ("lib", "0001_scope")]
    operations = [
        isolate("tasks_task", app="SELECT, INSERT, UPDATE, DELETE"),
        isolate("tasks_plan", app="SELECT, INSERT, UPDATE"),
    ]
