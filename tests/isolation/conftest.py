"""What the walk of every address knows is there for its neighbours too."""

from tests.isolation.test_walk import values

__all__ = ["values"]
