"""The first price book, valid until an operator publishes another one."""

from collections.abc import Mapping
from fractions import Fraction

from vigil.errors import FieldError, InvalidInput
from vigil.money.costs.model import BILLED, STORED_METERS, Price, PriceBook
from vigil.money.usage.model import MAX_DAILY_UNITS, Meter

MAX_EXACT_MICROS = 2**53 - 1
"""Maximum amount in an answer, in micro-dollars: nine billion dollars. JavaScript reads larger numbers inexactly."""
_MONTHS = 4
"""Number of months whose usage one month can bill: its own, and adjustments of events up to 90 days old."""
MAX_METER_MICROS = MAX_EXACT_MICROS // (len(BILLED) * _MONTHS)
"""Maximum cost of one meter in a month, in micro-dollars."""
_MAX_DAYS = 31
MAX_MONTHLY_UNITS: Mapping[Meter, int] = {
    "predictions": 10**9,
    "api_calls": 10**9,
    "storage_byte_hours": 10**15,
    "database_byte_hours": 10**15,
    **{meter: _MAX_DAYS * units for meter, units in MAX_DAILY_UNITS.items()},
}
"""Units of each meter that a month's price is checked with; for stored bytes, bytes stored for the whole month."""


def check_price(price: Price) -> None:
    """Raise InvalidInput for a price at which the largest usage of a month costs more than MAX_METER_MICROS.

    So the sum of a month is exact in every client.
    """
    units = MAX_MONTHLY_UNITS[price.meter]
    if Fraction(units * price.micros, price.per) > MAX_METER_MICROS:
        most = f"at most {MAX_METER_MICROS // 10**6} dollars for {units} units"
        month = f"{most} stored for a month" if price.meter in STORED_METERS else f"{most} a month"
        raise InvalidInput(FieldError(f"prices.{price.meter}", "is too high", month))


def _price(meter: Meter, micros: int, per: int = 1) -> Price:
    return Price(meter, BILLED[meter], micros, per)


FIRST_PRICE_BOOK = PriceBook(
    version=1,
    valid_from="2000-01-01T00",
    prices=(
        _price("api_calls", 100),
        _price("predictions", 1_000),
        _price("storage_byte_hours", 23_000, 10**9),
        _price("database_byte_hours", 15_000, 10**9),
        # List prices of third parties, passed on: tokens per million, speech per minute, e-mails per thousand.
        _price("llm_input_tokens", 150_000, 10**6),
        _price("llm_output_tokens", 600_000, 10**6),
        _price("embedding_tokens", 20_000, 10**6),
        _price("audio_seconds", 6_000, 60),
        _price("sms_messages", 7_900),
        _price("emails", 100_000, 1_000),
        _price("webhooks", 200_000, 10**6),
    ),
)
