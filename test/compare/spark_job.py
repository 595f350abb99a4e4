"""What the well-known tutorial does, in Spark: appends rows, those of the feed as they are.

spark_job.py JOB.json; the job: endpoint, key, certificate, database, folder, and `writes`, in
order: [{"container": ..., "parquet": ...}].
"""

import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "clients/spark"))

from session import open_session  # noqa: E402


def main() -> None:
    job = json.loads(pathlib.Path(sys.argv[1]).read_text())
    spark = open_session(job["certificate"], job["folder"])
    for write in job["writes"]:
        spark.read.parquet(write["parquet"]).write.format("cosmos.oltp").options(**{
            "spark.cosmos.accountEndpoint": job["endpoint"],
            "spark.cosmos.accountKey": job["key"],
            "spark.cosmos.database": job["database"],
            "spark.cosmos.container": write["container"],
            "spark.cosmos.useGatewayMode": "true",
            "spark.cosmos.write.strategy": "ItemOverwrite",
        }).mode("append").save()
    spark.stop()


if __name__ == "__main__":
    main()
