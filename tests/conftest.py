"""What tests of the whole line share."""

from pipelines.environment import prepare

prepare()  # before numpy is imported: a run in this process gives the bytes of a run in its own

import pytest  # noqa: E402

from tests.line import World, made_once  # noqa: E402


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A small market and the home that decided on it, made once however many workers there are."""
    return World(made_once(tmp_path_factory, "world", World.make))
