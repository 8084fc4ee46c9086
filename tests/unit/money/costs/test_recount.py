"""Counter, ledger and recount agree to the micro in random worlds: duplicates, disorder, crashes, closings, new prices.

Each world has a virtual clock. A delivery may crash before or after any call of a store. It is repeated until it
succeeds, and then a few times more. Months are closed every day, by runs that may crash too.
"""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.support.fakes.clock import Clock
from tests.support.fakes.costs import FakePriceBooks, FakeStatements
from tests.support.fakes.usage import FakeUsage
from vigil.errors import Unavailable
from vigil.money.costs.closing import MonthClosing
from vigil.money.costs.model import sum_micros
from vigil.money.costs.prices.model import FIRST_PRICE_BOOK
from vigil.money.costs.prices.service import PriceBooks
from vigil.money.costs.service import Costs
from vigil.money.usage.events.service import UsageEvents
from vigil.money.usage.model import UsageEntry
from vigil.money.usage.service import Usage, UsageCounter

TENANTS = ("acme", "globex")
REPORTED = ("llm_input_tokens", "emails", "audio_seconds")


class Crash(BaseException):
    """The process ends here."""


class Shaky:
    """Store that may crash before or after each call."""

    def __init__(self, store, random, rate):
        self._store, self._random, self._rate = store, random, rate

    def __getattr__(self, name):
        method = getattr(self._store, name)

        def call(*arguments):
            fate = self._random.random() / self._rate if self._rate else 1
            if fate < 1 / 3:
                raise Crash
            answer = method(*arguments)
            if fate < 2 / 3:
                raise Crash
            if fate < 1:
                raise Unavailable("The answer was lost.")
            return answer

        return call


class Worlds(RuleBasedStateMachine):
    """State machine of usage, deliveries, prices and closings."""

    most_events = 12
    kinds = FakeUsage, FakeStatements

    @initialize(seed=st.integers(0, 2**32), rate=st.sampled_from([0, 0.1, 0.4]))
    def begin(self, seed, rate):
        self.random, self.rate, self.clock = Random(seed), rate, Clock()
        self.usage, self.statements = (kind() for kind in self.kinds)
        self.prices = FakePriceBooks()
        self.clock.now = datetime(2026, 10, 28, 12, tzinfo=UTC)
        self.numbers, self.deliveries, self.truth, self.seen = 0, [], {}, {}

    def costs(self, rate=0):
        use, prices = Shaky(self.usage, self.random, rate), Shaky(self.prices, self.random, rate)
        return Costs(Usage(use), prices, Shaky(self.statements, self.random, rate))

    def known_number(self, tenant):
        """Return the number of an earlier event of the tenant that may be reported again."""
        oldest = self.clock() - timedelta(days=89)
        events = (name for name, (moment, _) in self.truth.items() if moment > oldest)
        known = [number for owner, number in events if owner == tenant and isinstance(number, int)]
        return self.random.choice(known) if known else None

    def ago(self, days):
        return self.clock() - timedelta(hours=self.random.randrange(1 + 24 * days))

    @rule(count=st.integers(1, 100), days=st.sampled_from([0, 2, 30, 89]), tenant=st.sampled_from(TENANTS))
    def events_happen(self, count, days, tenant):
        sent = []
        for _ in range(min(count, self.most_events)):
            number = self.known_number(tenant) if self.random.random() < 0.2 else None
            if number is None:
                self.numbers += 1
                number = self.numbers
            amounts = dict.fromkeys(REPORTED[: 1 + number % 3], 1 + (number * 7919) % 10**6)
            if "audio_seconds" in amounts:
                amounts["audio_seconds"] /= 1000
            moment, _ = self.truth.setdefault((tenant, number), (self.ago(days), amounts))
            event = {"specversion": "1.0", "type": "vigil.usage", "source": "/s", "id": str(number)}
            sent.append(event | {"time": moment.isoformat(), "data": amounts})
        self.deliveries.append((tenant, sent, self.clock()))

    @rule(count=st.integers(1, 100), days=st.integers(0, 1), tenant=st.sampled_from(TENANTS))
    def decisions_are_made(self, count, days, tenant):
        batch = []
        for _ in range(min(count, self.most_events)):
            self.numbers += 1
            moment = self.ago(days)
            self.truth[tenant, f"dec_{self.numbers}"] = moment, {"predictions": 1}
            batch.append(UsageEntry(tenant, f"dec_{self.numbers}", f"{moment:%Y-%m-%dT%H}", {"predictions": 1}))
        self.deliveries.append((tenant, batch, self.clock()))

    @precondition(lambda self: self.deliveries)
    @rule(times=st.integers(1, 3))
    def something_is_delivered(self, times):
        delivery = self.deliveries[self.random.randrange(len(self.deliveries))]
        for _ in range(times):
            if self.deliver(delivery, self.rate) and delivery in self.deliveries:
                self.deliveries.remove(delivery)  # it may still be repeated once

    def deliver(self, delivery, rate):
        tenant, batch, at = delivery
        meter = UsageCounter(Shaky(self.usage, self.random, rate))
        try:
            if isinstance(batch[0], UsageEntry):
                return not meter.count(batch)
            outcomes = UsageEvents(meter, lambda: at).record(tenant, batch)
        except (Crash, Unavailable):
            return False
        assert "rejected" not in {outcome.status for outcome in outcomes}
        return True

    @rule(factor=st.integers(0, 3), hours=st.integers(1, 200))
    def prices_change(self, factor, hours):
        prices = {price.meter: (price.micros * factor + 1, price.per * 3) for price in FIRST_PRICE_BOOK.prices}
        moment = self.clock().replace(minute=0) + timedelta(hours=hours)
        PriceBooks(self.prices, self.clock).publish(moment, prices)

    @rule(days=st.integers(1, 10))
    def time_passes(self, days):
        for _ in range(days):
            self.clock.advance(days=1)
            any(self.close(self.rate / 8) for _ in range(5))  # a run has about 40 calls and may be repeated
            # Dead letters are retained for two weeks.
            for delivery in [waiting for waiting in self.deliveries if waiting[2] < self.clock() - timedelta(days=14)]:
                assert self.deliver(delivery, 0)
                self.deliveries.remove(delivery)

    def close(self, rate):
        statements = Shaky(self.statements, self.random, rate)
        try:
            closing = MonthClosing(self.costs(rate), statements, self.clock)
            for tenant in TENANTS:
                closing.process_tenant(tenant, "a day")
        except (Crash, Unavailable):
            return False
        return True

    @invariant()
    def what_is_stated_never_changes(self):
        closed = getattr(self, "statements", FakeStatements()).closed
        for name, statement in closed.items():
            assert self.seen.setdefault(name, statement) == statement

    @invariant()
    def counters_are_the_ledger(self):
        if not hasattr(self, "usage"):
            return
        rows = Counter()
        for entry in self.usage.counted.values():
            rows.update({(entry.tenant_id, entry.hour, meter): n for meter, n in entry.amounts.items()})
        counted = {(*place, meter): n for place, sums in self.usage.sums.items() for meter, n in sums.items() if n}
        assert counted == {place: n for place, n in rows.items() if n}

    def teardown(self):
        """Deliver everything; then all usage is counted, and each micro is in exactly one month."""
        if not hasattr(self, "usage"):
            return
        assert all(self.deliver(delivery, 0) for delivery in self.deliveries)
        assert self.close(0)
        assert len(self.usage.counted) == len(self.truth)
        for tenant in TENANTS:
            months = sorted(
                {hour[:7] for owner, hour in self.usage.sums if owner == tenant} | {f"{self.clock():%Y-%m}"}
            )
            booked = {month for owner, month in self.statements.books if owner == tenant}
            lines = [line for month in sorted({*months, *booked}) for line in self.costs().lines(tenant, month)]
            assert sum_micros(lines) == self.recount(tenant)

    def recount(self, tenant):
        """Return the cost of all usage of a tenant, computed from the events by an independent algorithm."""
        quantities = Counter()
        for (owner, _), (moment, amounts) in self.truth.items():
            if owner == tenant:
                for meter, amount in amounts.items():
                    valid = [book for book in self.prices.books() if book.valid_from <= f"{moment:%Y-%m-%dT%H}"]
                    quantities[f"{moment:%Y-%m-%d}", meter, valid[-1].version] += Decimal(str(amount))
        micros = 0
        for (_, meter, version), quantity in quantities.items():
            book = next(book for book in self.prices.books() if book.version == version)
            price = next(price for price in book.prices if price.meter == meter)
            exact = Fraction(quantity) * price.micros / price.per
            micros += half_even(exact)
        return micros


def half_even(exact):
    whole, rest = divmod(exact.numerator, exact.denominator)
    twice = 2 * rest
    up = twice > exact.denominator or (twice == exact.denominator and whole % 2)
    return whole + bool(up)


def try_out(worlds, steps, **traits):
    """Run random worlds with these traits; a failure is reported as found, without shrinking."""
    run_state_machine_as_test(
        type("Made", (Worlds,), traits),
        settings=settings(
            max_examples=worlds,
            stateful_step_count=steps,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )


@pytest.mark.parametrize(
    ("worlds", "steps", "events"),
    [(60, 30, 12), pytest.param(10, 300, 100, marks=pytest.mark.faults)],
    ids=["small", "10,000 events"],
)
def test_counters_ledger_and_recount_agree_in_random_worlds(worlds, steps, events):
    try_out(worlds, steps, most_events=events)


class Unmarked(FakeUsage):
    """Planted fault: counts entries without marks, on every delivery."""

    def add(self, entries):
        self.counted.clear()
        return super().add(entries)


class Unnumbered(FakeStatements):
    """Planted fault: books every adjustment, even if it was booked before."""

    def adjustment_total(self, tenant_id, month):
        return None

    def book_adjustment(self, tenant_id, adjustment, booked_in):
        return super().book_adjustment(
            tenant_id, replace(adjustment, number=len(self.adjustments[tenant_id, adjustment.month]) + 1), booked_in
        )


class Changing(FakeStatements):
    """Planted fault: overwrites the statement of a month."""

    def close(self, tenant_id, statement):
        self.closed[tenant_id, statement.month] = replace(statement, lines=())
        return True


@pytest.mark.parametrize("kinds", [(Unmarked, FakeStatements), (FakeUsage, Unnumbered), (FakeUsage, Changing)])
def test_a_planted_fault_is_caught(kinds):
    with pytest.raises(AssertionError):
        try_out(60, 60, kinds=kinds)
