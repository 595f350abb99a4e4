"""PySpark with the Cosmos DB connector: a Delta table into a container, gateway mode, bulk.

spark_connector.py --endpoint URL --key KEY --database D --container C --rows N [--ca-file F] TABLE

Start-up is part of the CPU time: take the slope between two numbers of rows. Java trusts the server
through the trust store that this script makes of the certificate.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import psutil
from pyspark.sql import SparkSession

NO_CONNECTOR = 3
STORE_PASSWORD = "changeit"  # Java's own default; the store holds a public certificate alone


def jars():
    folders = (os.environ["SPILLWAY_SPARK_JARS"], os.environ["SPILLWAY_CONNECTOR_JARS"])
    return [sorted(pathlib.Path(folder).glob("*.jar")) for folder in folders]


def trust_store(certificate, folder):
    store = str(pathlib.Path(folder) / "trust.p12")
    words = ["-importcert", "-noprompt", "-alias", "server", "-file", certificate]
    words += ["-keystore", store, "-storetype", "PKCS12", "-storepass", STORE_PASSWORD]
    subprocess.run(["keytool", *words], check=True, capture_output=True)
    return store


def java_options(options, folder):
    if options.endpoint.startswith("http://"):
        return "-DCOSMOS.HTTP_CONNECTION_WITHOUT_TLS_ALLOWED=true"
    store = trust_store(options.ca_file, folder)
    return (
        f"-Djavax.net.ssl.trustStore={store} -Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}"
        " -Djavax.net.ssl.trustStoreType=PKCS12"
    )


def open_session(paths, folder, options):
    settings = {
        "spark.jars": ",".join(map(str, paths)),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.driver.extraJavaOptions": java_options(options, folder),
        "spark.driver.memory": "4g",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("peer")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def cpu_seconds():
    """User and system time of this process and its children: the JVM is one."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return sum(t.user + t.system for t in times)


def load(spark, options):
    rows = spark.read.format("delta").load(options.table).limit(options.rows)
    rows.write.format("cosmos.oltp").options(
        **{
            "spark.cosmos.accountEndpoint": options.endpoint,
            "spark.cosmos.accountKey": options.key,
            "spark.cosmos.database": options.database,
            "spark.cosmos.container": options.container,
            "spark.cosmos.useGatewayMode": "true",
            "spark.cosmos.write.strategy": "ItemOverwrite",
            "spark.cosmos.write.bulk.enabled": "true",
        }
    ).mode("append").save()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("endpoint", "key", "database", "container"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--ca-file")
    parser.add_argument("table")
    options = parser.parse_args()
    delta, connector = jars()
    if not connector:
        print("the connector's jar is not there: see tools/setup/maven/connector", file=sys.stderr)
        sys.exit(NO_CONNECTOR)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        spark = open_session([*delta, *connector], folder, options)
        load(spark, options)
        wall, cpu = time.perf_counter() - start, cpu_seconds()
        spark.stop()
    result = {"rows": options.rows, "cpu_seconds": cpu, "wall_seconds": wall, "failed": 0}
    print(json.dumps({"peer": "spark-connector", **result}))


if __name__ == "__main__":
    main()
