"""The memory knob holds for wide tables: fewer readers run, however many are asked for."""

import pathlib
import subprocess
import sys

from programs import peak_mib

BENCH = pathlib.Path(__file__).resolve().parent.parent / "bench"
ROWS, FILES = 10_000, 4  # 100 columns and 25 MB a file, most of which a reader holds
KNOB = "64MiB"
# It takes 85; 165 when the memory of a file that was read stays with its thread.
PEAK_MIB_MAX = 150


def test_wide_rows_stay_inside_the_knob(workspace, tmp_path):
    table = tmp_path / "lake" / "wide"
    script = str(BENCH / "make_bench_tables.py")
    subprocess.run([sys.executable, script, "L", str(ROWS), str(table), str(FILES)], check=True)
    project = workspace.project(tmp_path / "lake", table="wide")
    # Never throttled: what waits for a budget would be in memory too.
    project["pipelines"]["p"]["destination"]["create"] = {"throughput": {"manual": 1_000_000}}
    workspace.configure({**project, "memory": KNOB})
    assert peak_mib(workspace.spillway.start("sync", "p", "--readers", "4")) < PEAK_MIB_MAX
