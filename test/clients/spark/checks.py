"""What the flows share: the account, and how a call is refused."""

import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent))

from checked import FAILURE_SHOWN, check, same  # noqa: E402, F401: the flows take them from here

FORMAT, CHANGES = "cosmos.oltp", "cosmos.oltp.changeFeed"


class Account:
    """A Spark session and the options that reach the server under test."""

    def __init__(self, spark, endpoint: str, key: str):
        self.spark = spark
        self.options = {"spark.cosmos.accountEndpoint": endpoint, "spark.cosmos.accountKey": key,
                        "spark.cosmos.useGatewayMode": "true"}
        catalog = "spark.sql.catalog.cosmos"
        spark.conf.set(catalog, "com.azure.cosmos.spark.CosmosCatalog")
        for name, value in self.options.items():
            spark.conf.set(f"{catalog}.{name}", value)

    def make_container(self, name: str, throughput: int = 20_000, key: str = "/pk") -> None:
        properties = f"partitionKeyPath = '{key}', manualThroughput = '{throughput}'"
        self.spark.sql("CREATE DATABASE IF NOT EXISTS cosmos.shop")
        self.spark.sql(f"CREATE TABLE IF NOT EXISTS cosmos.shop.{name} USING cosmos.oltp "
                       f"TBLPROPERTIES({properties})")

    def place(self, container: str, **options) -> dict:
        """The options of one read or write; `write_strategy` is `spark.cosmos.write.strategy`."""
        more = {f"spark.cosmos.{name.replace('__', '.')}": str(value)
                for name, value in options.items()}
        return {**self.options, "spark.cosmos.database": "shop",
                "spark.cosmos.container": container, **more}

    def write(self, rows, container: str, **options) -> None:
        place = self.place(container, **options)
        rows.write.format(FORMAT).options(**place).mode("append").save()

    def read(self, container: str, form: str = FORMAT, **options):
        options = {"read__inferSchema__enabled": "true", **options}
        return self.spark.read.format(form).options(**self.place(container, **options)).load()

    def rows(self, *sql: str, count: int = 1000):
        """`count` rows numbered by `id`, as the expressions make them."""
        return self.spark.range(count).selectExpr(*sql)


def refused(words: str, call, *arguments, **keywords) -> None:
    """Asserts that a call fails with a message that holds these words."""
    try:
        call(*arguments, **keywords)
    except Exception as error:  # pylint: disable=broad-except
        assert words in str(error), f"{words!r} is not in {str(error)[:FAILURE_SHOWN]}"
        return
    raise AssertionError("it was done")
