"""A conversion ends after a pass without finds, and only then allows the use of the key."""

import pytest

from tests.support.fakes.tenant_keys import tenant_key
from vigil.errors import Unavailable
from vigil.privacy.conversion.service import Conversion


class Keys:
    def __init__(self):
        self.converted = set()

    def begin_conversion(self, tenant_id):
        return None if tenant_id in self.converted else tenant_key(tenant_id)

    def end_conversion(self, tenant_id):
        self.converted.add(tenant_id)


class Store:
    """A store that finds these numbers of rows in its passes; None is a failure."""

    def __init__(self, *found):
        self.found = list(found)

    def convert(self, key):
        assert key == tenant_key("acme")
        count = self.found.pop(0) if self.found else 0
        if count is None:
            raise Unavailable("away")
        return count


def test_a_late_row_is_converted_before_the_key_is_used():
    keys = Keys()
    assert Conversion(keys, {"a": Store(3, 0, 1), "b": Store(0, 2)}).run("acme") == {"a": 4, "b": 2}
    assert keys.converted == {"acme"}


def test_a_failed_conversion_does_not_allow_the_key():
    keys = Keys()
    conversion = Conversion(keys, {"a": Store(3, None, 1)})
    with pytest.raises(Unavailable):
        conversion.run("acme")
    assert keys.converted == set()
    assert conversion.run("acme") == {"a": 1}
    assert keys.converted == {"acme"}


def test_a_converted_tenant_is_not_scanned():
    keys, store = Keys(), Store(5)
    keys.end_conversion("acme")
    assert Conversion(keys, {"a": store}).run("acme") == {"a": 0}
    assert store.found == [5]
