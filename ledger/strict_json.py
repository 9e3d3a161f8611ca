"""Reading JSON where every oddity is a refusal: a signed text must have one meaning."""

import json
from typing import Any, NoReturn

from domain.errors import Refused


def read_json(data: bytes, origin: str) -> Any:
    """The JSON value in UTF-8 `data`, without floats.

    Raises Refused, naming `origin`, on malformed text, a repeated key, a number that is not an integer, NaN, or nesting
    too deep to read.
    """

    def no_float(text: str) -> NoReturn:
        raise Refused(f"{origin}: expected integers only, got {text}: money is in cents and ratios in basis points")

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        value = dict(pairs)
        if len(value) != len(pairs):
            raise Refused(f"{origin}: expected each key once, got one twice: ask the sender for the original")
        return value

    try:
        return json.loads(data.decode("utf-8"), parse_float=no_float, parse_constant=no_float, object_pairs_hook=unique)
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Refused(f"{origin}: expected JSON in UTF-8: {reason}: ask the sender for the original") from None
