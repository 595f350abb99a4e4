"""A Spark session with the Cosmos DB connector in it; the benchmarks' peer opens one too.

Needs SPILLWAY_CONNECTOR_JARS. Spark 3.1 on Java 17 asks for the flags below.
"""

import os
import pathlib
import subprocess

from pyspark.sql import SparkSession

STORE_PASSWORD = "changeit"  # Java's own default; the store holds a public certificate alone
OPENED = """java.lang java.lang.invoke java.lang.reflect java.io java.net java.nio java.util
    java.util.concurrent java.util.concurrent.atomic sun.nio.ch sun.nio.cs sun.security.action
    sun.util.calendar""".split()


def trust_store(certificate: str, folder: str) -> str:
    """A trust store in `folder` that holds one certificate."""
    store = str(pathlib.Path(folder) / "trust.p12")
    words = ["-importcert", "-noprompt", "-alias", "server", "-file", certificate]
    words += ["-keystore", store, "-storetype", "PKCS12", "-storepass", STORE_PASSWORD]
    subprocess.run(["keytool", *words], check=True, capture_output=True)
    return store


def java_options(certificate: str, folder: str) -> str:
    options = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED]
    options += [f"-Djavax.net.ssl.trustStore={trust_store(certificate, folder)}",
                f"-Djavax.net.ssl.trustStorePassword={STORE_PASSWORD}",
                "-Djavax.net.ssl.trustStoreType=PKCS12"]
    return " ".join(options)


def open_session(certificate: str, folder: str, memory: str = "2g") -> SparkSession:
    """With two threads. The server is trusted by its certificate; there is no plain HTTP here."""
    jars = pathlib.Path(os.environ["SPILLWAY_CONNECTOR_JARS"])
    settings = {
        "spark.jars": ",".join(str(jar) for jar in jars.glob("azure-cosmos-spark*.jar")),
        "spark.driver.extraClassPath": next(str(jar) for jar in jars.glob("scala-library*.jar")),
        "spark.driver.extraJavaOptions": java_options(certificate, folder),
        "spark.driver.memory": memory,
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(pathlib.Path(folder) / "warehouse"),
        "spark.ui.enabled": "false",
    }
    builder = SparkSession.builder.master("local[2]").appName("connector")
    for name, value in settings.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()
