#!/usr/bin/env python3
"""Makes the wheel: Python package, libspillway.so and programs in one file for every Python.

  build_wheel.py BINARIES TARGET

BINARIES holds what `ninja portable` built. Whatever is not part of every Linux comes along under a
name of our own, and what the tag promises (glibc 2.35) is checked before anything is written.
"""

import base64
import hashlib
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
TAG = "py3-none-manylinux_2_35_x86_64"
GLIBC_MAX = (2, 35)
GLIBCXX_MAX = (3, 4, 30)  # of GCC 12, as manylinux_2_35 has it
CXXABI_MAX = (1, 3, 13)
# Of every Linux with glibc 2.35 and a C++ runtime (PEP 600).
SYSTEM_LIBRARIES = {"libc.so.6", "libm.so.6", "libgcc_s.so.1", "libstdc++.so.6", "libpthread.so.0",
                    "libdl.so.2", "ld-linux-x86-64.so.2"}
# What has no static library that a shared one can take in, and its name in the wheel: of the same
# length, so that it can be written over the old one wherever that stands.
PRIVATE = {"libsimdjson.so.14": "libspwy-simdjson0", "libfyaml.so.0": "libspwy-fyaml"}
PROGRAMS = ("spillway", "spillway-emulator")
METADATA = """Metadata-Version: 2.1
Name: spillway
Version: {version}
Summary: Delta Lake to Azure Cosmos DB for NoSQL: command line, library, Spark data source
License: {licence}
Requires-Python: >=3.9
Provides-Extra: spark
Requires-Dist: pyarrow>=14; extra == "spark"
Requires-Dist: pandas>=2; extra == "spark"
Description-Content-Type: text/markdown

{description}
"""
WHEEL = f"Wheel-Version: 1.0\nGenerator: spillway\nRoot-Is-Purelib: false\nTag: {TAG}\n"
ENTRY_POINTS = """[console_scripts]
spillway = spillway._programs:spillway
spillway-emulator = spillway._programs:emulator
"""


def run(*words):
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def needed(binary):
    return re.findall(r"\(NEEDED\).*\[(.+?)\]", run("readelf", "--dynamic", "--wide", str(binary)))


def versions(binary, family):
    """The versions of a library's interface that a binary asks for."""
    undefined = run("objdump", "--dynamic-syms", str(binary))
    found = re.findall(rf"\({family}_([0-9.]+)\)|\b{family}_([0-9.]+)\b", undefined)
    return {tuple(int(part) for part in (a or b).split(".")) for a, b in found}


def audit(binary):
    """What would keep the binary from running where the tag says that it does."""
    problems = [f"it needs {name}" for name in needed(binary)
                if name not in SYSTEM_LIBRARIES and name not in PRIVATE.values()]
    for family, newest in (("GLIBC", GLIBC_MAX), ("GLIBCXX", GLIBCXX_MAX), ("CXXABI", CXXABI_MAX)):
        problems += [f"it needs {family}_{'.'.join(map(str, version))}"
                     for version in sorted(versions(binary, family)) if version > newest]
    return [f"{binary.name}: {problem}" for problem in problems]


def with_private_names(binary):
    data = binary.read_bytes()
    for name, private in PRIVATE.items():
        assert len(name) == len(private)
        data = data.replace(name.encode() + b"\0", private.encode() + b"\0")
    binary.write_bytes(data)


def system_library(name):
    for line in run("/sbin/ldconfig", "--print-cache").splitlines():
        if line.strip().startswith(name + " "):
            return pathlib.Path(line.split("=>")[1].strip())
    raise SystemExit(f"{name} is not installed")


def gather(binaries, folder):
    """The package as it will be installed, below `folder`."""
    package = folder / "spillway"
    ignore = shutil.ignore_patterns("__pycache__", "*.pyc")
    shutil.copytree(ROOT / "python" / "spillway", package, ignore=ignore)
    native = package / "lib"
    native.mkdir()
    files = [binaries / "libspillway.so", *(binaries / name for name in PROGRAMS)]
    for source in [*files, *map(system_library, PRIVATE)]:
        target = native / PRIVATE.get(source.name, source.name)
        shutil.copyfile(source.resolve(), target)
        run("strip", "--strip-unneeded", str(target))
        with_private_names(target)
        target.chmod(0o755)
    problems = [problem for binary in sorted(native.iterdir()) for problem in audit(binary)]
    if problems:
        raise SystemExit("the wheel would not run everywhere:\n  " + "\n  ".join(problems))


def write(folder, version, target):
    information = f"spillway-{version}.dist-info"
    description = (ROOT / "python" / "README.md").read_text()
    texts = {
        "METADATA": METADATA.format(version=version, licence="MIT", description=description),
        "WHEEL": WHEEL,
        "entry_points.txt": ENTRY_POINTS,
        "licenses/LICENSE": (ROOT / "LICENSE").read_text(),
    }
    for name, text in texts.items():
        path = folder / information / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    record, wheel = [], target / f"spillway-{version}-{TAG}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(file for file in folder.rglob("*") if file.is_file()):
            name, data = path.relative_to(folder).as_posix(), path.read_bytes()
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={digest},{len(data)}")
            # The same wheel from the same files.
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
        record.append(f"{information}/RECORD,,")
        archive.writestr(f"{information}/RECORD", "\n".join(record) + "\n")
    return wheel


def main():
    binaries, target = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    version = (ROOT / "VERSION").read_text().strip()
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        gather(binaries, folder)
        wheel = write(folder, version, target)
    print(f"{wheel} ({wheel.stat().st_size / 2**20:.1f} MiB)")


if __name__ == "__main__":
    main()
