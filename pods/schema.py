"""The schemas of the signed payloads, for those who write a pod in another language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic.json_schema import models_json_schema

from domain.documents import (
    ALLOCATION_TYPE,
    HALT_RECEIPT_TYPE,
    HALT_TYPE,
    RECEIPT_TYPE,
    AllocationDocument,
    HaltOrder,
    HaltReceipt,
    Receipt,
)
from domain.model import Frozen
from pods.verbs import VERB_RULES

if TYPE_CHECKING:
    from fastapi import FastAPI

_PAYLOADS: Mapping[type[Frozen], str] = {
    AllocationDocument: ALLOCATION_TYPE,
    HaltOrder: HALT_TYPE,
    Receipt: RECEIPT_TYPE,
    HaltReceipt: HALT_RECEIPT_TYPE,
}


def with_payload_schemas(app: FastAPI) -> None:
    """Let the application's OpenAPI document describe what is inside the envelopes, and what each halt verb does."""
    generated = app.openapi

    def openapi() -> dict[str, Any]:
        document = generated()
        document["components"]["schemas"].update(_payload_schemas())
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the framework's own way of extending the document


def _payload_schemas() -> dict[str, Any]:
    wanted: list[tuple[type[Frozen], Literal["validation"]]] = [(model, "validation") for model in _PAYLOADS]
    schemas: dict[str, Any] = models_json_schema(wanted, ref_template="#/components/schemas/{model}")[1]["$defs"]
    for model, payload_type in _PAYLOADS.items():
        schemas[model.__name__]["x-payload-type"] = payload_type
    schemas["HaltVerb"]["description"] = "\n".join(
        f"{verb}: {rule.trading_state}; positions {rule.positions}; {rule.orders}." for verb, rule in VERB_RULES.items()
    )
    return schemas
