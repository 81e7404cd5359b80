"""The graded functions that an answer calls, itself or through helpers: where one of those is wrong, look there first."""

from __future__ import annotations

from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any


def called(answer: Any, known: Callable[[str], bool]) -> dict[str, FunctionType]:
    """Name -> function for the functions of the answer's own module that it reaches and whose names are `known`."""
    if not isinstance(answer, FunctionType):
        return {}
    namespace, seen, ahead = answer.__globals__, {answer.__name__}, [answer]
    found = {}
    while ahead:
        for name in sorted(_names(ahead.pop().__code__) - seen):
            seen.add(name)
            value = namespace.get(name)
            if isinstance(value, FunctionType) and value.__globals__ is namespace:
                ahead.append(value)
                if known(name):
                    found[name] = value
    return found


def _names(code: CodeType) -> set[str]:
    inner = [constant for constant in code.co_consts if isinstance(constant, CodeType)]
    return set(code.co_names).union(*map(_names, inner))
