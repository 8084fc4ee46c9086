"""A registry over fakes, and the actions of an operator on it."""

from tests.support.fakes.clock import Clock
from tests.support.fakes.packages import KEYS, LinearEngines, MemoryCatalogue, MemoryPackages, package, trained
from vigil.prediction.packages.manifests import manifest_digest
from vigil.prediction.packages.ports import Pointer
from vigil.prediction.packages.service import Registry
from vigil.prediction.packages.verification import PackageVerifier


class World:
    """A registry over fakes, and the actions of an operator on it."""

    def __init__(self, engines=None, floors=None):
        self.packages, self.catalogue, self.clock = MemoryPackages(), MemoryCatalogue(), Clock()
        self.engines = engines or LinearEngines()
        self.events = []
        self.registry = self.another(floors)

    def another(self, floors=None):
        return Registry(
            self.packages,
            self.catalogue,
            PackageVerifier(KEYS, self.engines, floors or {}),
            clock=self.clock,
            observe=self.events.append,
        )

    def put(self, version=1, name="toy", **options):
        files = package(version, trained(name), **options)
        self.packages.put(name, version, files)
        self.point(version, manifest_digest(files["manifest.json"]), name)

    def point(self, version, digest, name="toy", floor=1, alias="champion", share=0):
        present = self.catalogue.moved.get((name, alias))
        fence = present.fence + 1 if present else 1
        self.catalogue.moved[name, alias] = Pointer(name, alias, version, digest, fence, floor, share)

    def challenge(self, version, share=0, **options):
        files = package(version, trained(), **options)
        self.packages.put("toy", version, files)
        self.point(version, manifest_digest(files["manifest.json"]), alias="challenger", share=share)

    def break_bytes(self, version, file="model.txt"):
        self.packages.objects["toy", version, file] += b" "
