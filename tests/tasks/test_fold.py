"""Where a task stands: order decides, an end is an end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from integrations.facts import ActivityAdded, TaskChanged
from portal.tasks.fold import Saying, Standing, State, fold

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def says(minute: int, word: str, **more: object) -> Saying:
    fact: TaskChanged | ActivityAdded | None
    if word == "activity":
        fact = ActivityAdded("id:1", f"id:{minute}", **more)  # type: ignore[arg-type]
    else:
        fact = TaskChanged("id:1", word, **more) if word else None  # type: ignore[arg-type]
    return Saying(minute.to_bytes(11, "big"), NOON + timedelta(minutes=minute), minute + 1, fact)


def test_a_task_goes_its_way() -> None:
    standing = fold([says(0, "scheduled", person="id:7"), says(5, "started"), says(9, "completed", person="id:8")])
    assert standing.state is State.COMPLETED
    assert {state: moment.position for state, moment in standing.reached.items()} == {
        State.SCHEDULED: 1,
        State.STARTED: 6,
        State.COMPLETED: 10,
    }
    assert standing.people == ["id:7", "id:8"]


def test_a_late_start_never_reopens_a_completed_task() -> None:
    standing = fold([says(0, "scheduled"), says(5, "completed"), says(9, "started")])
    assert (standing.state, standing.state_at) == (State.COMPLETED, NOON + timedelta(minutes=5))
    assert standing.reached[State.STARTED].position == 10


def test_of_two_ends_the_later_counts() -> None:
    assert fold([says(0, "completed"), says(5, "cancelled")]).state is State.CANCELLED


def test_an_activity_means_that_somebody_works_on_it() -> None:
    standing = fold([says(0, "scheduled"), says(5, "activity", about="id:9")])
    assert (standing.state, standing.activities, standing.about_kind, standing.about) == (
        State.STARTED,
        1,
        "equipment",
        "id:9",
    )
    assert State.STARTED not in standing.reached  # no event says when it was started


def test_a_task_that_is_only_named_is_seen() -> None:
    assert fold([says(0, "")]).state is State.SEEN
    assert fold([]) == Standing()


WORDS = st.lists(st.sampled_from(["scheduled", "started", "completed", "cancelled", "activity", ""]), max_size=12)


@given(WORDS)
def test_an_end_stays(words: list[str]) -> None:
    standing = fold(says(minute, word) for minute, word in enumerate(words))
    ended = [word for word in words if word in {"completed", "cancelled"}]
    assert (standing.state in {State.COMPLETED, State.CANCELLED}) == bool(ended)
    assert standing.activities == words.count("activity")
