"""Only generated ids are correlation ids: free text may name a person."""

import pytest

from vigil.runtime import correlation

HEX = "0123456789abcdef"
UUID = "0712345a-6789-4abc-8def-071234567890"


@pytest.mark.parametrize(
    "offered",
    [UUID, UUID.upper(), "01ARZ3NDEKTSV4RRFFQ69G5FAV", HEX, HEX * 2, HEX * 4, f"00-{HEX * 2}-{HEX}-01", "A" + "0" * 15],
)
def test_a_generated_id_is_the_correlation_id(offered):
    assert correlation.start(offered) == offered
    assert correlation.current.get() == offered


@pytest.mark.parametrize(
    "offered",
    [
        None, "", "abc-1", "Wanjiku.Otieno-0712345678", "0712345678", "2547123456781234", "0" * 32, "0" * 64,
        HEX[:-1], HEX + "0", HEX * 3, HEX * 5, UUID[:-1], f"{UUID} ", f"{UUID}\n", f"00-{HEX * 2}-{HEX}",
        "81ARZ3NDEKTSV4RRFFQ69G5FAV", "WANJIKUOTIENO1234567890123", "01arz3ndektsv4rrffq69g5fav",
    ],
)  # fmt: skip
def test_any_other_text_is_replaced_by_a_new_id(offered):
    new = correlation.start(offered)
    assert new != offered
    assert correlation.is_well_formed(new)
