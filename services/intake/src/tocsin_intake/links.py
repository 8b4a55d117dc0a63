"""What may follow an operation, as links in the OpenAPI document: which value goes where."""

from collections.abc import Mapping
from typing import Any

Links = dict[int | str, dict[str, Any]]

INTEGRATION = {"parameters": {"integration_id": "$response.body#/integration_id"}}
RECEIPT = {"requestBody": {"receipt": "$response.body#/receipt"}}
OWN_NUMBER = {
    "requestBody": {"receipt": "$response.body#/new_receipt", "pin": "$response.body#/new_pin"}
}


def links(status: int, **follows: Mapping[str, Any]) -> Links:
    """For a route's `responses`: by operation, how an answer of this status leads there."""
    named = {name: {"operationId": name, **how} for name, how in follows.items()}
    return {status: {"links": named}}


def each(names: str, how: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The same way to several operations."""
    return dict.fromkeys(names.split(), how)
