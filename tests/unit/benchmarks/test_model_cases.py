"""Selection of measured packages: the newest package of each model in this checkout."""

from pydantic import TypeAdapter

from benchmarks.model_cases import trained_packages
from tests.support.fakes.scoring import CONTRACT
from vigil.prediction.packages.model import Manifest

MANIFEST = TypeAdapter(Manifest).dump_json(Manifest(2, 1, "2026-01-01", "2027-01-01", "key", CONTRACT, {}))


def put(packages, version, manifest):
    folder = packages / version
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_bytes(manifest)
    return folder


def test_newest_packages_are_measured_and_other_formats_omitted(tmp_path, capsys):
    put(tmp_path, "new/00000001", b'{"format": 1}')
    newest = put(tmp_path, "new/00000002", MANIFEST)
    put(tmp_path, "old/00000001", MANIFEST)
    left_out = put(tmp_path, "old/00000002", b'{"format": 1}')
    (tmp_path / "begun").mkdir()
    assert [(folder, contract.name) for folder, contract in trained_packages(tmp_path)] == [(newest, CONTRACT.name)]
    assert str(left_out) in capsys.readouterr().out
