"""The pages about health and risk show what the marts say, and nothing of an unfinished month as a fall."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from orchestration.core.settings import Settings
from orchestration.releases.export import MARTS_FILE
from orchestration.report.account_pages import account_blocks, read_accounts
from orchestration.report.pages import at_risk, health, support, usage
from orchestration.report.parts.blocks import Block, Cell, Dataset, Figure, Table, Tiles
from orchestration.report.parts.links import account_file
from orchestration.report.parts.marts import ALERTED, Marts, open_marts
from orchestration.report.rendering import show
from orchestration.report.review_pages import DAYS, review_blocks, review_pages

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def marts(company: Settings) -> Iterator[Marts]:
    with open_marts(company.current.resolve() / MARTS_FILE) as marts:
        yield marts


def tiles(blocks: Sequence[Block]) -> dict[str, Any]:
    return {tile.label: tile.value for block in blocks if isinstance(block, Tiles) for tile in block.tiles}


def table(blocks: Sequence[Block], title: str) -> Table:
    (found,) = [block for block in blocks if isinstance(block, Table) and block.title.startswith(title)]
    return found


def data(blocks: Sequence[Block], title: str) -> Dataset:
    (found,) = [block for block in blocks if isinstance(block, Figure) and block.title == title]
    return found.dataset


def rows(dataset: Dataset) -> list[dict[str, Any]]:
    return [dict(zip(dataset.columns, row, strict=True)) for row in dataset.rows]


def test_an_account_with_several_signals_counts_once_in_the_stake(marts: Marts) -> None:
    blocks = list(at_risk.blocks(marts))
    stake, customers = marts.rows(
        "select sum(mrr), count(*) from"
        " (select max(mrr_at_stake) as mrr from cs_alerts where kind = 'risk' group by account_id)"
    )[0]
    assert stake > 0
    assert tiles(blocks)["MRR at stake"] == stake
    assert tiles(blocks)["Customers at risk"] == customers
    assert tiles(list(health.blocks(marts)))["MRR at stake"] == stake


def test_the_slices_of_a_signal_add_up(marts: Marts) -> None:
    found = rows(data(list(at_risk.blocks(marts)), "MRR at stake by signal"))
    expected = dict(
        marts.rows("select replace(signal, '_', ' '), count(*) from cs_alerts where kind = 'risk' group by 1")
    )
    for prefix in ("All customers", "segment: "):
        counted: dict[str, int] = {}
        for row in found:
            if row["slice"].startswith(prefix):
                counted[row["signal"]] = counted.get(row["signal"], 0) + row["accounts"]
        assert counted == expected, prefix


@pytest.mark.parametrize(("kind", "title"), [("risk", "Accounts at risk"), ("expansion", "Chances to grow")])
def test_the_list_has_the_alerts_of_the_largest_accounts_with_links(
    marts: Marts, kind: str, title: str
) -> None:
    listed = table(list(at_risk.blocks(marts)), title).rows
    expected = marts.rows(
        "select mrr_at_stake, replace(signal, '_', ' '), severity, since, evidence, suggested_play"
        " from cs_alerts where kind = ? order by mrr_at_stake desc, account_id, severity, signal",
        [kind],
    )
    assert listed
    assert [tuple(row[1:]) for row in listed] == expected[: len(listed)]
    assert len({row[0].text for row in listed}) <= ALERTED
    assert all(isinstance(row[0], Cell) for row in listed)


def test_the_bands_of_a_month_hold_all_customers(marts: Marts) -> None:
    found = rows(data(list(health.blocks(marts)), "Customers by band"))
    customers = dict(marts.rows("select month, customers from health_monthly where dimension = 'all'"))
    everything = [row for row in found if row["slice"] == "All customers"]
    assert everything
    for row in everything:
        bands = ("red_customers", "yellow_customers", "green_customers", "unknown_customers")
        assert sum(row[band] for band in bands) == customers[row["month"]]


def test_the_points_that_measures_cost_are_the_distance_to_a_hundred(marts: Marts) -> None:
    found = rows(data(list(health.blocks(marts)), "What pulls the scores down"))
    lost = sum(row["points_lost"] for row in found if row["slice"] == "All customers")
    ((score,),) = marts.rows(
        "select avg(health_score) from fct_account_health join dim_accounts using (account_id)"
        " where not is_complete and status = 'active'"
    )
    assert lost == pytest.approx(100 - float(score), abs=1e-3)


def test_the_backtest_is_that_of_all_complete_months(marts: Marts) -> None:
    shown = table(list(health.blocks(marts)), "The back-test").rows
    expected = marts.rows(
        "select scored_accounts, flagged_accounts, churned_accounts, true_positives, recall_rate,"
        " precision_rate, base_rate, lift from health_backtest where period_type = 'all'"
    )
    assert len(shown) == 12
    assert sorted(map(repr, (tuple(row[2:]) for row in shown))) == sorted(map(repr, expected))


def test_the_page_of_an_account_explains_its_score_and_lists_its_alerts(marts: Marts) -> None:
    explained = alerted = 0
    for account in read_accounts(marts, list(marts.accounts)):
        blocks = list(account_blocks(account, marts.facts.currency))
        points = table(blocks, "Why the health score is" if account.score else "Health").rows
        if account.score:
            assert sum(row[4] or 0 for row in points) == account.score[0]
            explained += 1
        else:
            assert not points
        alerts = marts.rows("select count(*) from cs_alerts where account_id = ?", [account.row[0]])
        assert len(table(blocks, "Open alerts").rows) == alerts[0][0]
        alerted += bool(alerts[0][0])
    assert explained > 5
    assert alerted > 5


@pytest.mark.parametrize(
    ("page", "title", "month"),
    [
        (support, "Tickets by month", "month"),
        (support, "Hours to the first reply and to the solve", "month"),
        (usage, "Active users", "month"),
        (usage, "Activation rate", "month"),
    ],
    ids=["tickets", "hours", "users", "onboarding"],
)
def test_an_unfinished_month_does_not_look_like_a_fall(
    marts: Marts, page: Any, title: str, month: str
) -> None:
    shown = [row[month] for row in rows(data(list(page.blocks(marts)), title))]
    assert marts.facts.is_complete
    assert max(shown) <= marts.facts.month


def test_a_review_shows_the_quarter_beside_the_one_before(marts: Marts) -> None:
    facts = marts.facts
    compared = 0
    pages = {page.info.name: page for page in review_pages(marts)}
    for account in read_accounts(marts, list(marts.accounts)):
        review = account.review
        if review is None:
            continue
        blocks = pages[account_file(account.row[0])].blocks
        figures = {row[0]: row[1:] for row in table(blocks, "The quarter").rows}
        before = marts.rows(
            "select closing_mrr, health_score from qbr_pack"
            " where account_id = ? and quarter = ?::date - to_months(3)",
            [account.row[0], review["quarter"]],
        )
        mrr, score = before[0] if before else (None, None)
        assert figures["MRR at the close"] == (
            show(review["closing_mrr"], "money", facts),
            show(mrr, "money", facts),
            show(review["segment_median_closing_mrr"], "money", facts),
        )
        assert figures["Health score"][1] == show(score, "ratio", facts)
        compared += bool(before)
    assert compared > 5


def test_the_timeline_of_a_review_is_the_year_up_to_its_close(marts: Marts) -> None:
    for account in read_accounts(marts, list(marts.accounts)):
        review = account.review
        if review is None:
            continue
        blocks = list(review_blocks(account, review, {}, marts.facts))
        found = rows(data(blocks, "The year up to the close"))
        start = review["closed_on"] - timedelta(days=DAYS)
        assert all(
            start <= row["day"] <= (row["until"] or row["day"]) <= review["closed_on"] for row in found
        )
        balances = [row for row in found if row["kind"] == "balance"]
        assert balances[-1]["mrr"] == review["closing_mrr"]
        assert balances[-1]["day"] == review["closed_on"]
