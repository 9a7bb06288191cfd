"""Types of command line arguments; a wrong one is wrong usage."""

from __future__ import annotations

import argparse
from collections.abc import Callable


def port(text: str) -> int:
    number = _integer(text)
    if not 0 < number < 65536:
        raise argparse.ArgumentTypeError(f"{text} is not a port")
    return number


def count(most: int) -> Callable[[str], int]:
    """The type of a number from 1 to ``most``."""

    def counted(text: str) -> int:
        number = _integer(text)
        if not 1 <= number <= most:
            raise argparse.ArgumentTypeError(f"must be from 1 to {most:,}")
        return number

    return counted


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text[:40]!r} is not a number") from None
