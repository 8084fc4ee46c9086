"""Layers of the embedded stack: unpacked once for all workers."""

import zipfile
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from cli.ministack_main import WorkerArchive

WORKERS = 8
FILES = 200


def test_workers_that_start_together_share_one_copy_of_a_layer(tmp_path):
    together = Barrier(WORKERS)

    def unpack(number):
        folder = tmp_path / f"worker-{number}"
        (folder / "layer_0").mkdir(parents=True)
        with zipfile.ZipFile(folder / "layer_0.zip", "w") as made:
            for each in range(FILES):
                made.writestr(zipfile.ZipInfo(f"python/module_{each}.py"), "x = 1")
        with WorkerArchive(folder / "layer_0.zip") as archive:
            together.wait()
            archive.extractall(folder / "layer_0")
        return (folder / "layer_0").resolve()

    with ThreadPoolExecutor(WORKERS) as threads:
        (copy,) = set(threads.map(unpack, range(WORKERS)))
    assert len(list(copy.glob("python/*.py"))) == FILES
    assert list(tmp_path.glob("*.partial")) == []
