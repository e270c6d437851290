"""What `bench` sums up; how fast anything is, is asserted nowhere."""

from services.cli.bench.figures import Spread, spread
from services.cli.bench.posting import deals_for


def test_spread_is_median_and_99th_percentile() -> None:
    assert spread([float(value) for value in range(101)]) == Spread(50.0, 99.0)
    assert spread([7.04]) == Spread(7.0, 7.0)


def test_teams_of_the_chosen_deals_can_book_what_is_asked_for() -> None:
    assert [deals_for(entries) for entries in (1, 60, 61, 2000)] == [1, 1, 2, 34]
