"""Tasks found by tag and by the words of their descriptions, behind the policies: search operators are not leakproof."""

from django.db import migrations, models

from portal.lib.policies import APP, definer_function

ACCENTED = "ÀÁÂÃÄÅàáâãäåÇçÈÉÊËèéêëÌÍÎÏìíîïÑñÒÓÔÕÖòóôõöÙÚÛÜùúûüÝýÿ"
PLAIN = "aaaaaaaaaaaacceeeeeeeeiiiiiiiinnoooooooooouuuuuuuuyyy"
# As integrations.mobility_work.terms.normalise makes the words of a query plain. Words that are too long are left out.
WORDS = f"""
CREATE FUNCTION portal_task_words(said text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $words$
    SELECT to_tsvector('simple', lower(replace(replace(translate(said, '{ACCENTED}', '{PLAIN}'), 'œ', 'oe'), 'æ', 'ae')))
$words$
"""
FOUND = """
DECLARE
    q tsquery := to_tsquery('simple', p_words);
    allowed uuid[] := ARRAY(SELECT unnest(p_networks) INTERSECT SELECT unnest(portal_network_scope()));
BEGIN
    IF q IS NULL THEN
        RETURN QUERY SELECT t.network_id, t.task::text FROM tasks_task t
            WHERE t.network_id = ANY (allowed) AND t.tags @> ARRAY[p_tag]::varchar[] LIMIT p_limit;
    ELSE
        RETURN QUERY SELECT t.network_id, t.task::text FROM (
                SELECT s.network_id, s.key AS task FROM timeline_subject s
                WHERE s.network_id = ANY (allowed) AND s.kind = 'task'
                    AND portal_task_words(s.label || ' ' || s.reference) @@ q
                UNION
                SELECT w.network_id, w.task FROM tasks_plan w
                WHERE w.network_id = ANY (allowed) AND portal_task_words(w.description) @@ q) f
            JOIN tasks_task t ON t.network_id = f.network_id AND t.task = f.task
            WHERE p_tag IS NULL OR t.tags @> ARRAY[p_tag]::varchar[] LIMIT p_limit;
    END IF;
END
"""


class Migration(migrations.Migration):
    dependencies = [("tasks", "0002_policies"), ("timeline", "0003_search"), ("lib", "0001_scope")]
    operations = [
        migrations.AddIndex("task", models.Index(fields=["network", "state", "state_at"], name="task_state_changed")),
        migrations.AddIndex("task", models.Index(fields=["network", "started_at"], name="task_started")),
        migrations.RunSQL(WORDS, "DROP FUNCTION portal_task_words(text)"),
        # The name of a task is kept with all other names of things: only those of tasks are in this index.
        migrations.RunSQL(
            "CREATE INDEX subject_task_words ON timeline_subject"
            " USING gin (portal_task_words(label || ' ' || reference)) WHERE kind = 'task'",
            "DROP INDEX subject_task_words",
        ),
        migrations.RunSQL(
            "CREATE INDEX plan_words ON tasks_plan USING gin (portal_task_words(description))", "DROP INDEX plan_words"
        ),
        definer_function(
            "portal_tasks_found(p_networks uuid[], p_tag text, p_words text, p_limit int)",
            returns="TABLE (network_id uuid, task text)",
            body="\n#variable_conflict use_column" + FOUND,
            execute=APP,
            language="plpgsql",
            plan_each_call=True,
        ),
    ]
