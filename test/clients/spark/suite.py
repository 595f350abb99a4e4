"""The Cosmos DB connector for Spark 3.1 on PySpark: writes, reads, change feed, throughput control.

In gateway mode over HTTPS, with the server's certificate in a trust store of its own. It is what
the public Maven registry holds: 4.11.1, of Spark 3.1, here on Java 17 with a newer Scala library.
Takes about a minute, so always whole. What it cannot do here:

  direct mode             the server has no RNTBD front
  plain HTTP              refused by the client inside the connector
  pacing by throughput    in gateway mode this version's client takes the controller and drops it
    control               (its gateway store has an empty enableThroughputControl)
  Python functions        Spark 3.1 cannot pickle them on Python 3.11
  all versions, deletes   came with later connectors
"""

import json
import os
import pathlib

from flow import score_of
from harness import Context, Emulator, Score, run_program

FOLDER = pathlib.Path(__file__).resolve().parent
CHECKS = 25
RUN_SECONDS_MAX = 400


def run(context: Context) -> list[Score]:
    with Emulator(context.work / "server") as server:
        account = {"endpoint": server.endpoint, "key": server.key,
                   "certificate": server.certificate, "folder": str(context.work)}
        words = [os.environ["SPILLWAY_CONNECTOR_PYTHON"], str(FOLDER / "flow.py")]
        done = run_program([*words, json.dumps(account)], RUN_SECONDS_MAX,
                           {"SPARK_LOCAL_IP": "127.0.0.1"})
    return [score_of("azure-cosmos-spark 4.11", done, CHECKS)]
