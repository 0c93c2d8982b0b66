"""One definition, every engine: a contract test takes `engine` and runs once on each."""

import pytest

from tests.support.engine_frames import ENGINES, Engine


@pytest.fixture(params=ENGINES, ids=lambda engine: engine.name, scope="session")
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in its turn."""
    chosen: Engine = request.param
    return chosen
