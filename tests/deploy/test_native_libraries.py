"""Native code of the AWS layers: built for arm64, with all its dependencies on Lambda."""

from elftools.elf.elffile import ELFFile

from layers import build

# System libraries a manylinux_2_28 wheel may use (PEP 600, auditwheel's policy). Lambda images contain them.
SYSTEM_LIBRARIES = {
    "ld-linux-aarch64.so.1", "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libpthread.so.0", "librt.so.1",
    "libstdc++.so.6",
}  # fmt: skip
SYSTEM_VERSIONS = {"GLIBC": (2, 34), "GLIBCXX": (3, 4, 29)}  # Amazon Linux 2023: glibc 2.34, gcc 11


def libraries(layers):
    found = [path for layer in build.BUILDERS for path in layers["aws", layer].rglob("*") if is_elf(path)]
    own = {f"libvigil_{name}.so" for names in build.OWN_LIBRARIES.values() for name in names}
    names = {"lib_lightgbm.so", "libgomp.so.1", "_rust.abi3.so"} | own
    assert names <= {path.name for path in found}
    return found


def is_elf(path):
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def dynamic(path, tag):
    with path.open("rb") as file:
        section = ELFFile(file).get_section_by_name(".dynamic")
        name = {"DT_NEEDED": "needed", "DT_RUNPATH": "runpath"}[tag]
        return [getattr(entry, name) for entry in section.iter_tags(tag)]


def test_every_native_library_of_the_aws_layers_is_for_arm64(layers):
    for path in libraries(layers):
        with path.open("rb") as file:
            assert ELFFile(file).header.e_machine == "EM_AARCH64", path


def test_no_file_of_the_aws_layers_is_for_another_machine_or_python(layers):
    for layer in build.BUILDERS:
        names = [path.name for path in layers["aws", layer].rglob("*.so*")]
        assert [name for name in names if "x86_64" in name or ("cpython" in name and "-313-" not in name)] == []


def test_every_needed_library_is_in_the_layer_or_on_lambda(layers):
    for path in libraries(layers):
        beside = (
            {other.name for other in path.parent.iterdir()} if dynamic(path, "DT_RUNPATH") == ["$ORIGIN"] else set()
        )
        assert set(dynamic(path, "DT_NEEDED")) <= SYSTEM_LIBRARIES | beside, path


def test_lightgbm_finds_the_openmp_runtime_in_its_folder(layers):
    for target in ("aws", "local"):
        native = layers[target, "scoring"] / "vigil_native" / "lib_lightgbm.so"
        assert dynamic(native, "DT_RUNPATH") == ["$ORIGIN"]
        assert "libgomp.so.1" in dynamic(native, "DT_NEEDED")
        assert is_elf(native.with_name("libgomp.so.1"))


def test_no_library_needs_newer_symbols_than_lambda_has(layers):
    for path in libraries(layers):
        with path.open("rb") as file:
            needs = ELFFile(file).get_section_by_name(".gnu.version_r")
            versions = [symbol.name for _, symbols in needs.iter_versions() for symbol in symbols]
        for family, _, version in (name.partition("_") for name in versions):
            if family in SYSTEM_VERSIONS:
                assert tuple(map(int, version.split("."))) <= SYSTEM_VERSIONS[family], path


def test_segments_of_patched_libraries_are_aligned_to_pages(layers):
    with (layers["aws", "scoring"] / "vigil_native" / "lib_lightgbm.so").open("rb") as file:
        segments = [segment for segment in ELFFile(file).iter_segments() if segment.header.p_type == "PT_LOAD"]
    for segment in segments:
        alignment = segment.header.p_align
        assert alignment % 65536 == 0  # largest page size of arm64, in bytes
        assert segment.header.p_vaddr % alignment == segment.header.p_offset % alignment
