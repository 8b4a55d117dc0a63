"""JMESPath as operators write it: compiled once, and small enough to be harmless."""

from functools import lru_cache
from typing import Any, cast

import jmespath
from jmespath.exceptions import JMESPathError

LONGEST = 300  # characters
MOST_PARTS = 40
MOST_BUILDERS = 2
"""Lists and objects an expression builds: each multiplies what comes out."""
BUILDERS = frozenset({"multi_select_list", "multi_select_dict"})


class NotAnExpression(ValueError):
    """It is no JMESPath, or a larger one than a mapping needs."""


def check(expression: str) -> str:
    """Return the expression if it may be used.

    Raises:
        NotAnExpression: it may not.
    """
    _compiled(expression)
    return expression


def find(expression: str, payload: Any) -> Any:
    """What it finds; `None` where it cannot be applied.

    Raises:
        NotAnExpression: it was never checked.
    """
    try:
        return _compiled(expression).search(payload)
    except (JMESPathError, TypeError, ValueError, RecursionError, ArithmeticError):
        return None


@lru_cache(maxsize=4096)
def _compiled(expression: str) -> Any:
    if len(expression) > LONGEST:
        raise NotAnExpression("is too long")
    try:
        compiled = jmespath.compile(expression)
    except (JMESPathError, ValueError, RecursionError):
        raise NotAnExpression("is not JMESPath") from None
    kinds = _kinds(compiled.parsed)
    if len(kinds) > MOST_PARTS or sum(kind in BUILDERS for kind in kinds) > MOST_BUILDERS:
        raise NotAnExpression("is larger than a mapping needs")
    return compiled


def _kinds(root: Any) -> list[str]:
    """What kinds of parts an expression has, root first."""
    kinds: list[str] = []
    waiting: list[Any] = [root]
    while waiting:
        node = cast("dict[str, Any]", waiting.pop())
        kinds.append(node["type"])
        waiting += [child for child in node.get("children", ()) if isinstance(child, dict)]
    return kinds
