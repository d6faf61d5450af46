"""Runs a contract without pytest: `portal plugin check` works where only Portico is installed."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from portal.testing.contract import ChannelContract


@dataclass(frozen=True)
class Result:
    """How one test of the contract ended. *words* say what is wrong, or why it was not run."""

    test: str
    says: str
    state: Literal["ok", "failed", "not run"]
    words: str = ""


def run(contract: type[ChannelContract], *, only: str = "") -> Iterator[Result]:
    """Run the tests of *contract*, or the one called *only*, in the order they are written."""
    for name in [only] if only else _tests(contract):
        says = _first_line(getattr(ChannelContract, name, None) or getattr(contract, name))
        if name in contract.not_run:
            yield Result(name, says, "not run", contract.not_run[name])
        else:
            words = _failure(contract, name)
            yield Result(name, says, "failed" if words else "ok", words)


def _tests(contract: type[ChannelContract]) -> list[str]:
    names: dict[str, None] = {}
    for base in reversed(contract.__mro__):
        names |= {name: None for name in vars(base) if name.startswith("test_")}
    return list(names)


def _failure(contract: type[ChannelContract], name: str) -> str:
    try:
        getattr(contract(), name)()
    except AssertionError as error:
        return str(error) or _where(error)
    except NotImplementedError:
        return (
            "write the method receipt of your ChannelContract: a receipt as the provider posts it"
        )
    except Exception as error:
        return f"{''.join(traceback.format_exception_only(error)).strip()}\n{_where(error)}"
    return ""


def _where(error: BaseException) -> str:
    return "".join(traceback.format_tb(error.__traceback__)[-3:]).rstrip()


def _first_line(test: Any) -> str:
    words: str = test.__doc__ or test.__name__.replace("_", " ")
    return words.strip().splitlines()[0]
