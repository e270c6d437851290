"""Record ids: 15 case-sensitive characters (three of them the object's prefix) and a suffix of three.

The suffix lets software that loses case repair it: each of its characters tells which of five characters
are capitals. The API answers 18 characters and accepts 15.
"""

import re

__all__ = ["made", "whole"]

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
SUFFIXES = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")


def made(prefix: str, seed: int, number: int) -> str:
    """The id of the `number`th record of the object with this prefix, in the org made from `seed`."""
    return _with_suffix(f"{prefix}FL{DIGITS[seed % 62]}{_base62(number):0>9}")


def whole(text: str) -> str | None:
    """The 18 characters of an id given with 15 or 18; `None` where it is not an id."""
    if not SHAPE.fullmatch(text):
        return None
    full = _with_suffix(text[:15])
    return full if text in (full, full[:15]) else None


def _with_suffix(short: str) -> str:
    suffix = ""
    for start in (0, 5, 10):
        block = short[start : start + 5]
        suffix += SUFFIXES[sum(1 << place for place, letter in enumerate(block) if "A" <= letter <= "Z")]
    return short + suffix


def _base62(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 62)
        text = DIGITS[digit] + text
    return text
