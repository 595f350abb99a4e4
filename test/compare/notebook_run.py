"""Runs a notebook's script in this process, and prints what it took as JSON.

notebook_run.py JOB.json; the job: script (its text, in cells), settings (of its `cosmos_config`),
session (of Spark).
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test/bench/peers"), str(ROOT / "tools")]

from notebook import cells_of  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from spark_peer import cpu_seconds  # noqa: E402


def main() -> None:
    job = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    builder = SparkSession.builder.master("local[2]")
    for name, value in job["session"].items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    names = {"__name__": "__main__"}
    for is_text, lines in cells_of(job["script"]):
        if not is_text:
            exec("\n".join(lines), names)  # what a notebook does
            names["cosmos_config"].update(job["settings"])
    took = {"cpu_seconds": cpu_seconds()}
    spark.stop()
    pathlib.Path(job["result"]).write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main()
