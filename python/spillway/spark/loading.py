"""Reading without the data source: `mapInArrow` over the parts of the container, for Spark 3.5.

    df = spillway.spark.read(spark, options)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Optional, Union

from spillway.spark import reading
from spillway.spark.job import readable_errors
from spillway.spark.option_table import ReadPlan
from spillway.spark.writing import tasks_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType


def schema_of(plan: ReadPlan) -> Any:
    """Where none was given: from some documents, or that of the documents themselves (as text)."""
    from spillway.spark.infer import infer

    if not plan.inferred:
        return reading.RAW_SCHEMA
    return infer(reading.sample(plan), plan.system_properties, plan.timestamp, plan.columns)


def _part_reader(job: reading.ReadJob, schema: Any) -> Callable[..., Iterator[Any]]:
    """For DataFrame.mapInArrow: the documents of the parts whose numbers are its rows."""

    def read_parts(batches: Iterator[Any]) -> Iterator[Any]:
        from pyspark.sql.pandas.types import to_arrow_schema

        with readable_errors():
            for batch in batches:
                for part in batch.column(0).to_pylist():
                    yield from job.read_part(part, to_arrow_schema(schema))

    return read_parts


def read(
    spark: SparkSession,
    options: Mapping[str, str],
    schema: Optional[Union[StructType, str]] = None,
) -> DataFrame:
    """A DataFrame of the container's documents. Works on Spark 3.5 and later.

    Takes the options of the data source and makes the same partitions. `schema`: a StructType, or
    its text such as "id string, price double"; left out: made from some documents. Each action
    reads the container again. Raises SpillwayError where an option is wrong.
    """
    plan = reading.plan({str(key): str(value) for key, value in options.items()})
    given = schema_of(plan) if schema is None else schema
    if isinstance(given, str):
        given = spark.createDataFrame([], given).schema
    job = reading.job_of(plan, tasks_of(spark), given.names)
    # One row, the number of a part, for each task.
    return spark.range(0, job.parts, 1, job.parts).mapInArrow(_part_reader(job, given), given)
