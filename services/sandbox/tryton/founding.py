"""The first initialisation, in a process of its own: switch the modules on, then put the firm in.

Everything happens in the folder `building`; the finished database is moved into place in one step, so a
crash at any moment leaves either no database or a whole one.
"""

import json
import shutil
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from services.sandbox.firm import found

from .credentials import Credentials
from .installation import DATABASE, MODULES, Installation

__all__ = ["Order", "found_firm", "main"]


@dataclass(frozen=True, kw_only=True)
class Order:
    """What firm to found: the seed and day of `services.sandbox.firm`, and which of its entities."""

    seed: int
    today: date
    entities: tuple[str, ...]


def found_firm(place: Installation, order: Order, say: Callable[[str], None]) -> None:
    """Leave a complete database in `place`. Must run in a process that has not used Tryton before."""
    shutil.rmtree(place.building, ignore_errors=True)
    place.building.mkdir(parents=True)
    draft = place.building / place.database.name
    if place.template.exists():
        shutil.copyfile(place.template, draft)
    else:
        say(f"switching on {', '.join(MODULES)} and what they need (some 15 seconds, once)")
        draft.touch()
        activate(place)
        _settle(draft)
        shutil.copyfile(draft, place.building / "template")
        (place.building / "template").replace(place.template)
    seed(place, order, say)
    _settle(draft)
    place.databases.mkdir(exist_ok=True)
    described = {"seed": order.seed, "today": order.today.isoformat(), "entities": order.entities}
    place.firm.write_text(json.dumps(described), encoding="utf-8")
    draft.replace(place.database)
    shutil.rmtree(place.building)


def activate(place: Installation) -> None:
    """Create Tryton's own tables in the empty draft database and switch the modules on."""
    from trytond import __series__, backend, config
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    config.update_etc(str(place.configuration))
    database = backend.Database(DATABASE)
    database.connect()
    database.init()
    pool = Pool(DATABASE)
    pool.init(update=["ir", "res", *MODULES], lang=["en"], activatedeps=True)
    with Transaction().start(DATABASE, 0, _lock_tables=["ir_configuration"]):
        settings = pool.get("ir.configuration")(1)
        # The server serves only databases of its own series.
        settings.series, settings.language = __series__, "en"
        settings.save()
        pool.get("res.user").create([{"login": "admin", "name": "Administrator", "administrator": True}])


def seed(place: Installation, order: Order, say: Callable[[str], None]) -> None:
    """Put the firm's entities, people, services and first customers into the draft database."""
    from proteus.config import set_trytond

    from .books import open_books
    from .catalogue import list_services, open_accounts
    from .people import admit_users, hire

    firm = found(seed=order.seed, today=order.today)
    config = set_trytond(f"sqlite:///{DATABASE}", config_file=str(place.configuration))
    credentials = Credentials.settle(place.credentials)
    entities = [entity for entity in firm.entities if entity.code in order.entities]
    # The administrator belongs to no company, and so would see no company's accounts.
    with config.set_context(_check_access=False):
        say(f"opening the books of {', '.join(order.entities)}")
        books = open_books(config, firm, entities)
        say("hiring the consultants, listing the services")
        employees = hire(config, firm.consultants, books)
        list_services(config, firm.rate_cards, books)
        open_accounts(config, firm.clients[:2], books)
        admit_users(config, credentials, books, employees)


def _settle(database: Path) -> None:
    """Bring everything that SQLite still holds in its write-ahead log into the one file."""
    connection = sqlite3.connect(database)
    try:
        busy, _, _ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise RuntimeError(f"{database} is still written to")
    finally:
        connection.close()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Found the firm that standard input describes as one JSON object."""
    wanted = json.load(sys.stdin)
    order = Order(
        seed=wanted["seed"], today=date.fromisoformat(wanted["today"]), entities=tuple(wanted["entities"])
    )
    found_firm(Installation(root=Path(wanted["root"])), order, _say)


if __name__ == "__main__":
    main()
