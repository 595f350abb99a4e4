"""Runs a script in cells in this process, and prints what it took as JSON.

script_run.py JOB.json; the job: script (its text, in cells), settings (of its `cosmos_config`),
session (of Spark),
trusted (a certificate, by the JVM).
"""

import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ["test/bench/peers", "test/clients/spark", "tools"]
sys.path[:0] = [str(ROOT / folder) for folder in FOLDERS]

from notebook import cells_of  # noqa: E402
from pyspark.sql import SparkSession  # noqa: E402
from session import java_options  # noqa: E402
from spark_peer import taken  # noqa: E402


def main() -> None:
    job = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
    builder = SparkSession.builder.master("local[2]")
    for name, value in job["session"].items():
        builder = builder.config(name, value)
    if job["trusted"]:
        options = java_options(job["trusted"], str(pathlib.Path.cwd()))
        builder = builder.config("spark.driver.extraJavaOptions", options)
    spark = builder.getOrCreate()
    names = {"__name__": "__main__"}
    for is_text, lines in cells_of(job["script"]):
        if not is_text:
            exec("\n".join(lines), names)  # what a notebook does
            names["cosmos_config"].update(job["settings"])
    took = taken()
    spark.stop()
    pathlib.Path(job["result"]).write_text(json.dumps(took), encoding="utf-8")


if __name__ == "__main__":
    main()
