"""The wheel, as a user installs it: in environments of its own, beside several pyarrow versions.

SPILLWAY_WHEEL names the file (`./dev wheel` prints it). Downloads pyarrow.
"""

import json
import os
import pathlib
import subprocess
import sys
import zipfile

import pytest

pytestmark = pytest.mark.wheel

PYARROWS = ["14.0.2", "19.0.1", ""]  # the oldest with capsules, one between, the newest
INSTALL_SECONDS_MAX = 300
WRITE = """
import json, os, sys
import pyarrow as pa
import spillway
options = json.loads(sys.argv[1])
batch = pa.RecordBatch.from_pylist([{"id": str(n), "n": n} for n in range(100)])
with spillway.WriteSession(options, batch.schema) as session:
    session.write(batch)
    print(json.dumps([pa.__version__, session.finish().formula]))
"""


@pytest.fixture(scope="module")
def wheel():
    return pathlib.Path(os.environ["SPILLWAY_WHEEL"])


def installed(folder, wheel, pyarrow):
    """The Python of a new environment that has the wheel."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    needs = [f"pyarrow{'==' + pyarrow if pyarrow else ''}"]
    if pyarrow.startswith("14."):
        needs.append("numpy<2")
    words = [str(folder / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check",
             str(wheel), *needs]
    subprocess.run(words, check=True, timeout=INSTALL_SECONDS_MAX)
    return folder / "bin"


def clean_environment():
    hidden = {"PYTHONPATH", "SPILLWAY_LIBRARY", "LD_LIBRARY_PATH"}
    return {name: value for name, value in os.environ.items() if name not in hidden}


@pytest.mark.parametrize("pyarrow", PYARROWS, ids=lambda version: version or "newest")
def test_it_writes_beside_this_pyarrow(pyarrow, wheel, tmp_path, workspace, emulator):
    workspace.create_container("items")
    options = {
        "connection": {"type": "cosmosdb", "endpoint": emulator.endpoint,
                       "database": workspace.database, "ca_file": emulator.certificate,
                       "auth": {"key": emulator.key}},
        "destination": {"container": "items", "create": "never"},
    }
    programs = installed(tmp_path / "venv", wheel, pyarrow)
    words = [str(programs / "python"), "-c", WRITE, json.dumps(options)]
    done = subprocess.run(words, capture_output=True, text=True, check=False,
                          env=clean_environment(), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    version, formula = json.loads(done.stdout)
    assert version == pyarrow or not pyarrow
    assert formula == "read 100 = upserted 100"
    assert len(workspace.documents()) == 100
    said = subprocess.run([str(programs / "spillway"), "version"], capture_output=True, text=True,
                          check=True, env=clean_environment(), cwd=tmp_path)
    assert said.stdout.startswith("spillway ")


def test_it_brings_no_arrow_and_nothing_under_a_public_name(wheel):
    names = {pathlib.PurePosixPath(name).name for name in zipfile.ZipFile(wheel).namelist()}
    libraries = {name for name in names if ".so" in name or name.startswith("lib")}
    assert libraries == {"libspillway.so", "libspwy-simdjson0", "libspwy-fyaml"}
