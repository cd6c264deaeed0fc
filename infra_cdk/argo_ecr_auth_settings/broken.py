"""Stands for the values that the schema refuses, so that the rules about all others can run."""

from collections.abc import Iterable, Iterator
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")


class BrokenValueError(Exception):
    """A rule needs a value that the schema refused."""


class _Broken:
    """Raises BrokenValueError for whatever is done with it, except for a comparison by `is`."""

    def _raise(self, *_: object) -> NoReturn:
        raise BrokenValueError

    __getattr__ = __bool__ = __eq__ = __ne__ = __hash__ = __iter__ = __len__ = __str__ = __format__ = _raise


BROKEN: Any = _Broken()


def attempt(results: Iterable[T]) -> Iterator[T]:
    """The results up to the first that needs a broken value."""
    try:
        yield from results
    except BrokenValueError:
        return


def read_items(holder: object, key: str) -> Iterator[Any]:
    """The items of the holder's list, none if either is broken."""
    return attempt(_read_items(holder, key))


def read_value(holder: object, key: str) -> Iterator[Any]:
    """The holder's value, none if it is missing, or either is broken."""
    return attempt(_read_value(holder, key))


def _read_items(holder: object, key: str) -> Iterator[Any]:
    yield from getattr(holder, key)


def _read_value(holder: object, key: str) -> Iterator[Any]:
    if value := getattr(holder, key):
        yield value
