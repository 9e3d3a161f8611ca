"""What a literal says is what was meant."""

import duckdb
import pytest

from data_lake.literals import literal
from domain.errors import Refused


@pytest.mark.parametrize("value", ["a", "it's", "", 7, -(2**62), 0.1 + 0.2, 1e-300, -2.5, 1.7976931348623157e308])
def test_a_literal_is_the_value_again(value: str | float) -> None:
    assert duckdb.sql(f"SELECT {literal(value)}").fetchone() == (value,)


def test_a_nul_is_refused() -> None:
    with pytest.raises(Refused, match="NUL"):
        literal("a\0b")
