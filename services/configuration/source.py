"""YAML that remembers where each key stands, so that an error can name file, line and key."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError

__all__ = ["ConfigurationError", "Source"]


class ConfigurationError(Exception):
    """The configuration cannot be used. One line a mistake: file, line, key, what is wrong, what is legal."""

    def __init__(self, mistakes: Sequence[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = tuple(mistakes)


class Source:
    """One YAML file: `content` holds plain values, `mistake` knows where each of them stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
            self.content: Any = YAML(typ="safe", pure=True).load(text)
            self._marked: Any = YAML(typ="rt").load(text)
        except FileNotFoundError:
            raise ConfigurationError([f"{path}: there is no such file; `fairlead init` writes one"]) from None
        except (OSError, UnicodeDecodeError) as wrong:
            raise ConfigurationError([f"{path}: cannot be read: {wrong}"]) from None
        except MarkedYAMLError as wrong:
            line = wrong.problem_mark.line + 1 if wrong.problem_mark else 1
            # Of a key that is there twice, ruamel tells the values too: one may be a secret that strayed in here.
            what = str(wrong.problem).partition(" with value ")[0]
            raise ConfigurationError([f"{path}:{line}: not legal YAML: {what}"]) from None
        if not isinstance(self._marked, CommentedMap):
            raise ConfigurationError(
                [f"{path}:1: holds no keys; see the example that `fairlead init` writes"]
            )

    def mistake(self, location: Sequence[str | int], what: str) -> str:
        """One line that names where a mistake is: `firm.yaml:12: connections.erp.url: ...`."""
        return f"{self.path}:{self._line(location)}: {'.'.join(map(str, location)) or 'top level'}: {what}"

    def _line(self, location: Sequence[str | int]) -> int:
        """The line of the deepest part of the location that the file holds, from 1."""
        here, line = self._marked, 0
        for part in location:
            if isinstance(here, CommentedMap) and part in here:
                line = here.lc.key(part)[0]
            elif isinstance(here, CommentedSeq) and isinstance(part, int) and part < len(here):
                line = here.lc.item(part)[0]
            else:
                break
            here = here[part]
        return int(line) + 1
