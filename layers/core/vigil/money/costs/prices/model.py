"""The first price book, valid until an operator publishes another one."""

from vigil.money.costs.model import BILLED, Price, PriceBook
from vigil.money.usage.model import Meter


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
