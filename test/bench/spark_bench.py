"""Spark, beside the Cosmos DB connector: its data source `spillway.cosmos`, and as the scheduler of
a pipeline (spillway.spark.sync).

All write over TLS, since the connector takes no plain HTTP. Start-up does not count: the slope
between N and 3 N rows does. The connector that can be had is of Spark 3.1 and reads the table's
rows as Parquet files, and so does the data source.
"""

import datetime
import operator
import os
import pathlib
import statistics

from programs import Emulator

HERE = pathlib.Path(__file__).resolve().parent
INSTANTS = {"created", "updated"}
EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
RANGES, MANY_RANGES = 8, 512
#: interpreter, script
CONNECTOR = ("CONNECTOR_PYTHON", "spark_connector.py")
SOURCE = ("SPARK_PYTHON", "spark_source.py")
SYNC = ("SPARK_PYTHON", "spark_sync.py")
NAMES = {SOURCE: "PySpark 4.1 `local[2]`, the data source", SYNC: "the same, `spillway.spark.sync`",
         CONNECTOR: "PySpark 3.1 `local[2]`, the Cosmos DB connector"}
BARS = {SOURCE: "1/5", SYNC: "1/12", CONNECTOR: ""}


def instants_as_numbers(document):
    """As the Spark connector writes them: microseconds, or days, since 1970."""
    document = dict(document)
    for name in INSTANTS & document.keys():
        if document[name] is not None:
            since = datetime.datetime.fromisoformat(document[name]) - EPOCH
            document[name] = since // datetime.timedelta(microseconds=1)
    if isinstance(document.get("day"), str):
        day = datetime.date.fromisoformat(document["day"])
        document["day"] = (day - EPOCH.date()).days
    return document


def words_of(peer):
    interpreter, script = peer
    return [os.environ[f"SPILLWAY_{interpreter}"], str(HERE / "peers" / script)]


def server_with(ranges, folder):
    return Emulator(folder / f"server-{ranges}", "--throughput", "unlimited", "--ranges",
                    str(ranges), "--control-port", "0")


def slope(few, many, rows, of="cpu_seconds"):
    """CPU seconds per million documents."""
    return (many[of] - few[of]) / (2 * rows) * 1e6


def pairs(bench, peers, rows):
    """Of each peer: what it took for N and for 3 N rows, of stores that are equal."""
    taken = {peer: [] for peer in peers}
    for count in (rows, 3 * rows):
        table = bench.table("M", count)
        mine = bench.container()
        bench.spillway(table, mine)
        for peer in peers:
            other = bench.container()
            taken[peer].append(bench.peer(words_of(peer), other, count, [str(bench.lake / table)]))
            converted = {} if peer is SYNC else {"converted": instants_as_numbers}
            bench.require_equal(mine, other, **converted)
            bench.drop(other)
        bench.drop(mine)
    return taken


def slopes_of_runs(bench, peers, rows, runs):
    """Of each peer: its slopes and those of its Python workers, and the peak memory of the workers
    for N and for 3 N rows."""
    slopes, workers, peaks = {peer: [] for peer in peers}, {peer: [] for peer in peers}, {}
    for _ in range(runs):
        for peer, (few, many) in pairs(bench, peers, rows).items():
            slopes[peer].append(slope(few, many, rows))
            workers[peer].append(slope(few, many, rows, "python_cpu_seconds"))
            peaks[peer] = [few["worker_peak_mib"], many["worker_peak_mib"]]
    return slopes, workers, peaks


def discarded(bench, rows):
    """What Spark's own workers take, which get the batches and drop them."""
    table = bench.table("M", rows)
    words = [*words_of(SOURCE), "--discard"]
    return bench.peer(words, "none", rows, [str(bench.lake / table)])


def compare(make_bench, folder):
    if not list(pathlib.Path(os.environ.get("SPILLWAY_CONNECTOR_JARS", "/nowhere")).glob("*.jar")):
        print("\nThe jar of the Spark connector is not there: its comparison is left out.")
        return
    with server_with(RANGES, folder) as server:
        bench = make_bench(server)
        bench.tls = True
        rows = bench.rows("spark")
        slopes, workers, peaks = slopes_of_runs(bench, (SOURCE, SYNC, CONNECTOR), rows,
                                                bench.options.runs)
        own = discarded(bench, rows)
    print(f"\nSlope between {rows:,} and {3 * rows:,} M documents, {RANGES} ranges, over TLS, "
          f"median of {bench.options.runs} runs; the stores were equal. Memory: of the largest "
          f"Python worker at {rows:,} and at {3 * rows:,}; one that drops the same batches: "
          f"{own['worker_peak_mib']:.0f} MiB.\n\n"
          "| client | CPU s per million documents | of it Python workers | of the connector's | "
          "bar | worker, MiB |\n|---|---|---|---|---|---|")
    for peer, name in NAMES.items():
        ratio = statistics.median(map(operator.truediv, slopes[CONNECTOR], slopes[peer]))
        memory = "" if peer is CONNECTOR else " / ".join(f"{mib:.0f}" for mib in peaks[peer])
        print(f"| {name} | {statistics.median(slopes[peer]):.1f} | "
              f"{statistics.median(workers[peer]):.1f} | 1/{ratio:.1f} | {BARS[peer]} | {memory} |")


def growth(make_bench, folder):
    """From few ranges to many: of the Python workers, in which the engine is; the JVM does not know
    of ranges, and its own share differs from run to run."""
    peers = (SOURCE, SYNC)
    slopes = {(peer, ranges): [] for peer in peers for ranges in (RANGES, MANY_RANGES)}
    peaks = {}
    for ranges in (RANGES, MANY_RANGES):
        with server_with(ranges, folder) as server:
            bench = make_bench(server)
            bench.tls = True
            rows = bench.rows("ranges")
            _, found, peak = slopes_of_runs(bench, peers, rows, bench.options.runs)
            for peer in peers:
                slopes[peer, ranges], peaks[peer, ranges] = found[peer], peak[peer]
    print(f"\nCPU s of the Python workers per million, slope between {rows:,} and {3 * rows:,} M "
          f"documents over TLS, median of {bench.options.runs} runs; the stores were equal.\n\n"
          f"| client | {RANGES} ranges | {MANY_RANGES} ranges | growth | bar | worker, MiB |\n"
          "|---|---|---|---|---|---|")
    for peer in peers:
        few, many = (statistics.median(slopes[peer, ranges]) for ranges in (RANGES, MANY_RANGES))
        memory = " / ".join(f"{max(peaks[peer, ranges]):.0f}" for ranges in (RANGES, MANY_RANGES))
        print(f"| {NAMES[peer]} | {few:.1f} | {many:.1f} | {many / few:.2f} | 1.3 | {memory} |")


SPARK_BENCHES = {"spark": compare, "ranges": growth}
