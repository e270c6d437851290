"""A believable professional-services firm, made from a seed: the same seed and day give the same firm.

Every stand-in seeds its own records from one `Firm`, so that numbers (client, employee, entity, package)
agree across systems the way they do in a firm that keeps its house in order. What is out of order on
purpose is put there by the scenario, not by this generator.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

__all__ = ["Client", "Consultant", "Deal", "Entity", "Firm", "Package", "Period", "RateCard", "found"]


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A legal entity. `units` is how many minor units one unit of its currency has (ISO 4217 exponent)."""

    code: str
    name: str
    region: str
    country: str
    currency: str
    exponent: int
    time_zone: str
    tax_profile: str


@dataclass(frozen=True, kw_only=True)
class Package:
    """What the firm sells: its tasks, and for a fixed fee its milestones with their share in per cent."""

    code: str
    name: str
    practice: str
    tasks: tuple[str, ...]
    milestones: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True)
class RateCard:
    """Hourly billing rates in minor units of `currency`, by labour category."""

    code: str
    entity: str
    currency: str
    rates: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Consultant:
    number: str
    name: str
    email: str
    entity: str
    labour_category: str
    cost_rate: int
    hired: date


@dataclass(frozen=True, kw_only=True)
class Client:
    number: str
    name: str
    parent: str | None
    entity: str
    country: str
    city: str
    street: str
    postal_code: str
    tax_number: str
    email: str


@dataclass(frozen=True, kw_only=True)
class Period:
    """One accounting period (a calendar month) of one entity."""

    entity: str
    name: str
    start: date
    end: date
    closed: bool


@dataclass(frozen=True, kw_only=True)
class Deal:
    """An opportunity that sales is working on. `contract_type` is `fixed-fee` or `time-and-materials`."""

    number: str
    name: str
    client: str
    entity: str
    currency: str
    amount: int
    contract_type: str
    package: str
    rate_card: str
    start: date
    end: date
    manager: str
    team: tuple[str, ...]
    purchase_order: str


@dataclass(frozen=True, kw_only=True)
class Firm:
    seed: int
    today: date
    entities: tuple[Entity, ...]
    packages: tuple[Package, ...]
    rate_cards: tuple[RateCard, ...]
    consultants: tuple[Consultant, ...]
    clients: tuple[Client, ...]
    periods: tuple[Period, ...]
    deals: tuple[Deal, ...]

    def entity(self, code: str) -> Entity:
        return next(entity for entity in self.entities if entity.code == code)

    def package(self, code: str) -> Package:
        return next(package for package in self.packages if package.code == code)


ENTITIES = (
    Entity(code="US01", name="Northmark Advisory Inc.", region="North America", country="US", currency="USD",
           exponent=2, time_zone="America/New_York", tax_profile="US-SALES"),
    Entity(code="GB01", name="Northmark Advisory Ltd", region="Europe", country="GB", currency="GBP",
           exponent=2, time_zone="Europe/London", tax_profile="GB-VAT20"),
    Entity(code="DE01", name="Northmark Beratung GmbH", region="Europe", country="DE", currency="EUR",
           exponent=2, time_zone="Europe/Berlin", tax_profile="DE-UST19"),
    Entity(code="JP01", name="Northmark Advisory KK", region="Asia Pacific", country="JP", currency="JPY",
           exponent=0, time_zone="Asia/Tokyo", tax_profile="JP-CT10"),
)  # fmt: skip

PACKAGES = (
    Package(code="ERP-IMPL", name="ERP implementation", practice="Technology",
            tasks=("Discovery", "Design", "Build", "Test", "Go-live support"),
            milestones=(("Design signed off", 30), ("Build accepted", 40), ("Go-live", 30))),
    Package(code="DATA-PLAT", name="Data platform", practice="Technology",
            tasks=("Assessment", "Architecture", "Pipelines", "Reporting"),
            milestones=(("Architecture agreed", 40), ("Platform live", 60))),
    Package(code="OPS-REV", name="Operating model review", practice="Advisory",
            tasks=("Interviews", "Analysis", "Recommendations"),
            milestones=(("Interim findings", 50), ("Final report", 50))),
    Package(code="CHANGE", name="Change programme", practice="People",
            tasks=("Stakeholder map", "Communications", "Training"),
            milestones=(("Plan agreed", 25), ("Half-way review", 35), ("Hand-over", 40))),
)  # fmt: skip

#: Hourly billing rate and hourly cost in whole US dollars, and how many of a hundred consultants.
CATEGORIES = {"PARTNER": (420, 190, 5), "PRINCIPAL": (310, 140, 12), "SENIOR": (240, 105, 28),
              "CONSULTANT": (180, 75, 35), "ANALYST": (130, 50, 20)}  # fmt: skip
#: Whole units of the currency that a US dollar of rate becomes.
PRICE_LEVEL = {"USD": 1.0, "GBP": 0.8, "EUR": 0.9, "JPY": 140.0}

GIVEN = ("Amelia Ben Chiara Dmitri Elena Farid Grace Hiro Ingrid Jonas Keiko Liam Mei Nadia Oscar Priya "
         "Quentin Rosa Samir Tomoko Ulrich Vera Wanda Xavier Yuki Zoe Anders Beatriz "
         "Callum Dina").split()  # fmt: skip
FAMILY = ("Abe Baumann Carter Dubois Evans Fischer Grant Hoffmann Ito Jensen Kimura Lindqvist Moreau "
          "Nakamura Okafor Patel Quinn Richter Sato Turner Ueda Vogel Wright Young Zimmer").split()  # fmt: skip
FIRST = ("Alder Beacon Cobalt Delta Ember Falcon Granite Harbor Indigo Juniper Kestrel Lumen Meridian "
         "Northwind Orchard Pioneer Quarry Redwood Summit Tidewater").split()  # fmt: skip
SECOND = "Foods Energy Logistics Insurance Pharma Retail Motors Telecom Bank Systems".split()
SUFFIX = {"US": "Inc.", "GB": "plc", "DE": "AG", "JP": "KK"}
PLACES = {
    "US": (("New York", "10001"), ("Chicago", "60601"), ("Boston", "02108")),
    "GB": (("London", "EC2V 7HH"), ("Leeds", "LS1 4AP"), ("Bristol", "BS1 5TR")),
    "DE": (("München", "80331"), ("Hamburg", "20095"), ("Köln", "50667")),
    "JP": (("Tokyo", "100-0005"), ("Osaka", "530-0001"), ("Nagoya", "450-0002")),
}
STREETS = ("Market Street", "Station Road", "Harbour Lane", "King Street", "Mill Road", "Garden Square")


def found(*, seed: int, today: date, consultants: int = 120, clients: int = 60, deals: int = 24) -> Firm:
    """Make the firm. `today` places the twelve periods (the last two open) and the deals."""
    random = Random(seed)
    people = _consultants(random, consultants, today)
    customers = _clients(random, clients)
    cards = tuple(
        RateCard(code=f"RC-{entity.code}-STD", entity=entity.code, currency=entity.currency,
                 rates={category: _price(rate, entity) for category, (rate, _, _) in CATEGORIES.items()})
        for entity in ENTITIES
    )  # fmt: skip
    return Firm(
        seed=seed, today=today, entities=ENTITIES, packages=PACKAGES, rate_cards=cards, consultants=people,
        clients=customers, periods=_periods(today), deals=_deals(random, deals, customers, people, today),
    )  # fmt: skip


def _price(dollars: int, entity: Entity) -> int:
    """An hourly price in minor units, rounded to something a rate card would print."""
    step = 5 if entity.exponent else 500
    return int(round(dollars * PRICE_LEVEL[entity.currency] / step) * step * 10**entity.exponent)


def _consultants(random: Random, count: int, today: date) -> tuple[Consultant, ...]:
    weights = [share for _, _, share in CATEGORIES.values()]
    made = []
    for number in range(1, count + 1):
        entity = ENTITIES[(number - 1) % len(ENTITIES)]
        given, family = random.choice(GIVEN), random.choice(FAMILY)
        category = random.choices(list(CATEGORIES), weights)[0]
        made.append(
            Consultant(number=f"EMP-{number:04d}", name=f"{given} {family}",
                       email=f"{given}.{family}.{number}@northmark.example".lower(), entity=entity.code,
                       labour_category=category, cost_rate=_price(CATEGORIES[category][1], entity),
                       hired=today - timedelta(days=random.randrange(200, 4000)))
        )  # fmt: skip
    return tuple(made)


def _clients(random: Random, count: int) -> tuple[Client, ...]:
    names = random.sample([f"{first} {second}" for first in FIRST for second in SECOND], count)
    made: list[Client] = []
    for number, name in enumerate(names, 1):
        entity = random.choice(ENTITIES)
        city, postal_code = random.choice(PLACES[entity.country])
        # Every third client belongs to a group whose head office came before it.
        parent = random.choice(made).number if made and number % 3 == 0 else None
        made.append(
            Client(number=f"C-{number:04d}", name=f"{name} {SUFFIX[entity.country]}", parent=parent,
                   entity=entity.code, country=entity.country, city=city, postal_code=postal_code,
                   street=f"{random.randrange(1, 200)} {random.choice(STREETS)}",
                   tax_number=f"{entity.country}{random.randrange(10**8, 10**9)}",
                   email=f"accounts-payable@{name.replace(' ', '').lower()}.example")
        )  # fmt: skip
    return tuple(made)


def _periods(today: date) -> tuple[Period, ...]:
    """Twelve months that end with the current one; all but the last two are closed."""
    months = []
    year, month = today.year, today.month
    for _ in range(12):
        months.append((year, month))
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    made = []
    for entity in ENTITIES:
        for age, (year, month) in enumerate(months):
            after = date(year + month // 12, month % 12 + 1, 1)
            made.append(
                Period(entity=entity.code, name=f"{year}-{month:02d}", start=date(year, month, 1),
                       end=after - timedelta(days=1), closed=age >= 2)
            )  # fmt: skip
    return tuple(sorted(made, key=lambda period: (period.entity, period.start)))


def _deals(
    random: Random, count: int, clients: tuple[Client, ...], people: tuple[Consultant, ...], today: date
) -> tuple[Deal, ...]:
    made = []
    for number in range(1, count + 1):
        client = random.choice(clients)
        entity = next(entity for entity in ENTITIES if entity.code == client.entity)
        package = random.choice(PACKAGES)
        colleagues = [person for person in people if person.entity == entity.code]
        team = random.sample(colleagues, min(len(colleagues), random.randrange(3, 7)))
        senior = min(team, key=lambda person: list(CATEGORIES).index(person.labour_category))
        made.append(
            Deal(number=f"D-{number:05d}", name=f"{client.name}: {package.name}", client=client.number,
                 entity=entity.code, currency=entity.currency, package=package.code,
                 amount=_price(random.randrange(40, 400) * 1000, entity),
                 contract_type=("time-and-materials", "fixed-fee")[number % 2],
                 rate_card=f"RC-{entity.code}-STD", start=today.replace(day=1) - timedelta(days=31),
                 end=today + timedelta(days=random.randrange(60, 240)), manager=senior.number,
                 team=tuple(person.number for person in team),
                 purchase_order=f"PO-{random.randrange(10**5, 10**6)}")
        )  # fmt: skip
    return tuple(made)
