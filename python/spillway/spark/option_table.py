"""The options of the data source: the connector's own keys and ours, in one table.

Every key of the Cosmos DB Spark connector is here with what becomes of it: supported, refused
(with the reason and what to write instead), or accepted without effect (with one warning for all).
A notebook has one set of options for writing and reading: what is of the other is left aside.
docs/reference/spark-options.md is made from this table (`./dev docs`).

Keys come in any case: Spark itself does not tell them apart.
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple

from spillway.spark import identity

CONNECTOR_PREFIX = "spark.cosmos."
OWN_PREFIX = "spillway."
#: Options that Spark itself adds or reads, and that say nothing to a data source.
SPARK_KEYS = {"checkpointlocation", "queryname"}

#: The connector's write strategies by our names (docs/compared.md says what each does).
STRATEGIES = {
    "ItemOverwrite": "upsert",
    "ItemAppend": "append",
    "ItemOverwriteIfNotModified": "upsert_if_not_modified",
    "ItemPatch": "patch",
    "ItemPatchIfExists": "patch_if_exists",
    "ItemBulkUpdate": "merge_fields",
    "ItemDelete": "delete",
    "ItemDeleteIfNotModified": "delete_if_not_modified",
}
MODES = ("upsert", "append", "update", "upsert_if_not_modified", "patch", "patch_if_exists",
         "merge_fields", "delete", "delete_if_not_modified")
MAX_REJECTED_DEFAULT = "0.1%"


class DateTimes(enum.Enum):
    """What dates and timestamps become."""

    CONNECTOR = "days and microseconds since 1970"
    ENGINE = "as documents.timestamps says"


@dataclasses.dataclass
class Plan:
    """What the options come to: the engine's own options, and what is done on this side."""

    engine: Dict[str, Any] = dataclasses.field(repr=False)
    tasks: Optional[int] = None
    limit: Optional[str] = None  # to be shared out among tasks
    warning: Optional[str] = None
    throughput: Dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    identity: Dict[str, str] = dataclasses.field(default_factory=dict, repr=False)


@dataclasses.dataclass
class WritePlan(Plan):
    date_times: DateTimes = DateTimes.CONNECTOR
    max_rejected: str = MAX_REJECTED_DEFAULT
    summary_file: Optional[str] = None
    fence: bool = True
    driver_host: Optional[str] = None
    progress: bool = True
    patch_operation: str = "replace"


@dataclasses.dataclass
class ReadPlan(Plan):
    inferred: bool = True  # the schema, from documents; else the documents themselves
    sampled: int = 1_000  # documents, for that
    system_properties: bool = False  # in an inferred schema
    timestamp: bool = False  # _ts
    parts: Optional[int] = None  # None: one for each range
    query: Optional[str] = None  # whose results are read
    columns: Optional[List[str]] = None  # None: all that there are
    push_filters: bool = False


class Refused(Exception):
    """The reason why a value cannot be done, and what to write instead."""


class Effect(enum.Enum):
    SUPPORTED = "supported"
    REFUSED = "refused"
    WITHOUT_EFFECT = "no effect"


class Use(enum.Enum):
    BOTH = "both"
    WRITING = "writing"
    READING = "reading"


Apply = Callable[[Any, str], None]


@dataclasses.dataclass(frozen=True)
class Option:
    key: str  # in full, as the documentation spells it
    effect: Effect
    doc: str  # what it does; or why not, and what to write instead
    apply: Optional[Apply] = None
    secret: bool = False
    use: Use = Use.BOTH


def _boolean(value: str) -> bool:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Refused("write true or false")


def _set(*path: str, convert: Callable[[str], Any] = str) -> Apply:
    """Puts the value at a place of the engine's options."""

    def apply(plan: Plan, value: str) -> None:
        node = plan.engine
        for name in path[:-1]:
            node = node.setdefault(name, {})
        node[path[-1]] = convert(value)

    return apply


def _one_of(words: Mapping[str, Any]) -> Callable[[str], Any]:
    known = {word.lower(): meaning for word, meaning in words.items()}

    def convert(value: str) -> Any:
        if value.lower() not in known:
            near = difflib.get_close_matches(value.lower(), list(known), 1)
            spelt = [word for word in words if near and word.lower() == near[0]]
            if spelt:
                raise Refused(f"did you mean `{spelt[0]}`?")
            raise Refused(f"write one of {', '.join(words)}")
        return known[value.lower()]

    return convert


def _only(word: str, why: str) -> Apply:
    """One value is how it is anyway; any other is refused."""

    def apply(_: Plan, value: str) -> None:
        if value.lower() != word.lower():
            raise Refused(why)

    return apply


def _regions(value: str) -> List[str]:
    return [name.strip() for name in value.strip("[]").split(",") if name.strip()]


def _identity(name: str, convert: Callable[[str], str] = str) -> Apply:
    def apply(plan: Plan, value: str) -> None:
        plan.identity[name] = convert(value)

    return apply


def _auth_type(value: str) -> str:
    if value.lower() == "accesstoken":
        raise Refused("its token comes from a class of the JVM: write `spillway.auth` instead, "
                      'such as {"token": {"file": "/run/token"}}, which is read again and again')
    return _one_of(identity.AUTH_TYPES)(value)


def _cloud(value: str) -> str:
    if value.lower() in ("azuregermany", "custom"):
        raise Refused("write " + ", ".join(identity.CLOUDS))
    return _one_of(identity.CLOUDS)(value)


def _own_auth(value: str) -> str:
    try:
        identity.own_auth(value)
    except ValueError:
        raise Refused("write a word such as default, or JSON") from None
    return value


def _times(plan: Plan, word: str) -> None:
    if isinstance(plan, WritePlan):
        plan.date_times = DateTimes.ENGINE
        plan.engine["documents"]["timestamps"] = word
    else:
        plan.engine["read"]["epoch_millis"] = word == "epoch_ms"


def _one_time(plan: Plan, value: str) -> None:
    words = ("iso8601", "epoch_ms", "epoch_us")
    _times(plan, _one_of({word: word for word in words})(value))


def _date_time_mode(plan: Plan, value: str) -> None:
    millis = _one_of({"Default": False, "AlwaysEpochMilliseconds": True})
    if value.lower() == "alwaysepochmillisecondswithsystemdefaulttimezone":
        raise Refused("a time zone of the machine makes other documents on another machine: "
                      "convert the column with to_utc_timestamp and write "
                      "`AlwaysEpochMilliseconds`")
    if millis(value):
        _times(plan, "epoch_ms")


def _inclusion(plan: WritePlan, value: str) -> None:
    if value.lower() in ("nonempty", "nondefault"):
        raise Refused("it leaves out values that are there (empty texts, zeros), so that readers "
                      "cannot tell them from missing ones: write `NonNull`, or make them NULL")
    plan.engine["documents"]["nulls"] = _one_of({"Always": "keep", "NonNull": "omit"})(value)


def _patch_operation(plan: WritePlan, value: str) -> None:
    if value.lower() != "set":
        raise Refused("patches set fields, whether they are there or not: write `Set`")
    plan.patch_operation = "set"


def _throughput(name: str) -> Apply:
    def apply(plan: Plan, value: str) -> None:
        plan.throughput[name] = value

    return apply


def _attribute(name: str, convert: Callable[[str], Any] = str) -> Apply:
    return lambda plan, value: setattr(plan, name, convert(value))


def _count(value: str) -> int:
    if not value.isdigit() or int(value) < 1:
        raise Refused("write a number of 1 or more")
    return int(value)


def _names(value: str) -> List[str]:
    names = [name.strip() for name in value.split(",")]
    if not all(names) or len(set(names)) != len(names):
        raise Refused("write names, each once, separated by commas")
    return names


def _use(key: str) -> Use:
    written = key.startswith("write.") or key == "serialization.inclusionMode"
    return Use.WRITING if written else Use.BOTH


def _connector(key: str, doc: str, apply: Apply, secret: bool = False) -> Option:
    return Option(CONNECTOR_PREFIX + key, Effect.SUPPORTED, doc, apply, secret, _use(key))


def _reading(key: str, doc: str, apply: Apply) -> Option:
    return Option(CONNECTOR_PREFIX + key, Effect.SUPPORTED, doc, apply, use=Use.READING)


def _refused(key: str, doc: str) -> Option:
    return Option(CONNECTOR_PREFIX + key, Effect.REFUSED, doc, use=_use(key))


def _refused_in_reading(key: str, doc: str) -> Option:
    return Option(CONNECTOR_PREFIX + key, Effect.REFUSED, doc, use=Use.READING)


def _idle(doc: str, *keys: str) -> List[Option]:
    return [Option(CONNECTOR_PREFIX + key, Effect.WITHOUT_EFFECT, doc, use=_use(key))
            for key in keys]


def _own(key: str, doc: str, apply: Apply, secret: bool = False, use: Use = Use.WRITING) -> Option:
    return Option(OWN_PREFIX + key, Effect.SUPPORTED, doc, apply, secret, use)


_PLUGIN = "plug-ins of the JVM have no place in a native writer: leave it out"
_MONITOR = "a session measures itself; its summary has requests, RU and throttled requests"
_PAGES = "pages are as large as the service makes them"
_FEED = "of the change feed, which is not read"
_CUSTOM_CLOUD = ("the clouds are known by name: write azureEnvironment; AZURE_AUTHORITY_HOST of "
                 "the executors names another authority")

OPTIONS: Tuple[Option, ...] = (
    # Connection and who we are.
    _connector("accountEndpoint", "The account's URL.", _set("connection", "endpoint")),
    _connector("accountKey", "The account's key.", _identity("key"), secret=True),
    _connector("database", "The database.", _set("connection", "database")),
    _connector("container", "The container, which must exist.", _set("destination", "container")),
    _connector("auth.type", "`MasterKey` (the default), `ServicePrincipal` or `ManagedIdentity`.",
               _identity("type", _auth_type)),
    _connector("auth.aad.clientId", "The service principal's application, or which managed "
               "identity of the machine.", _identity("client")),
    _connector("auth.aad.resourceId", "Which managed identity, by its resource id.",
               _identity("resource")),
    _connector("auth.aad.clientSecret", "The service principal's secret.", _identity("secret"),
               secret=True),
    _connector("auth.aad.clientCertPemBase64", "Or its certificate and private key: PEM, in "
               "base64.", _identity("certificate"), secret=True),
    _connector("auth.aad.clientCertSendChain", "`true`: send the certificate along.",
               _identity("send_chain", lambda value: str(_boolean(value)))),
    _connector("auth.aad.audience", "What tokens are asked for.", _set("connection", "audience")),
    _refused("accountDataResolverServiceName", "a class of the JVM has no place in a native "
             "writer: write `spillway.auth`, or the account's data itself"),
    _connector("account.subscriptionId", "With resourceGroupName and Entra ID: the throughput is "
               "read in Azure Resource Manager.", _identity("subscription")),
    _connector("account.tenantId", "The service principal's tenant.", _identity("tenant")),
    _connector("account.resourceGroupName", "See subscriptionId.", _identity("group")),
    _connector("account.azureEnvironment", ", ".join(f"`{name}`" for name in identity.CLOUDS)
               + "; left out: by the endpoint's name.",
               _set("connection", "cloud", convert=_cloud)),
    *(_refused(f"account.azureEnvironment.{key}", _CUSTOM_CLOUD) for key in (
        "management", "management.scope", "aad")),
    _refused("account.clientBuilderInterceptors", _PLUGIN),
    _refused("account.clientInterceptors", _PLUGIN),
    # The client.
    *_idle("requests always go to the gateway, over HTTPS", "useGatewayMode",
           "enforceNativeTransport", "disableTcpConnectionEndpointRediscovery",
           "proactiveConnectionInitialization",
           "proactiveConnectionInitializationDurationInSeconds"),
    *_idle("a session has one connection per lane: `spillway.lanes`", "http.connectionPoolSize"),
    *_idle("the service does not depend on it", "applicationName", "userAgent.format"),
    _connector("preferredRegionsList", "Regions, nearest first: for accounts with several write "
               "regions.", _set("connection", "preferred_regions", convert=_regions)),
    _connector("preferredRegions", "The same.",
               _set("connection", "preferred_regions", convert=_regions)),
    *_idle("partition key ranges are read again when the service says that they changed",
           "metadata.feedRange.refreshIntervalInSeconds"),
    *_idle(_MONITOR, "diagnostics", "diagnostics.sampling.maxCount",
           "diagnostics.sampling.intervalInSeconds",
           "diagnostics.thresholds.latency.pointOperationInMs",
           "diagnostics.thresholds.latency.nonPointOperationInMs",
           "diagnostics.thresholds.requestCharge", "diagnostics.azureMonitor.enabled",
           "diagnostics.azureMonitor.connectionString", "diagnostics.azureMonitor.auth.enabled",
           "diagnostics.azureMonitor.auth.type", "diagnostics.azureMonitor.liveMetrics.enabled",
           "diagnostics.azureMonitor.sampling.rate", "diagnostics.azureMonitor.sampling.maxCount",
           "diagnostics.azureMonitor.sampling.intervalInSeconds",
           "diagnostics.azureMonitor.metrics.intervalInSeconds",
           "diagnostics.azureMonitor.log.level",
           "diagnostics.azureMonitor.log.sampling.maxCount",
           "diagnostics.azureMonitor.log.sampling.intervalInSeconds", "metrics.slf4j.enabled",
           "metrics.intervalInSeconds", "metrics.azureMonitor.connectionString"),
    *_idle("it has no effect in the connector either", "clientTelemetry.enabled",
           "clientTelemetry.endpoint"),
    # Writing.
    _connector("write.strategy", "What a row does: " + ", ".join(
        f"`{strategy}` is `{mode}`" for strategy, mode in STRATEGIES.items()) + ".",
        _set("sync", "mode", convert=_one_of(STRATEGIES))),
    *_idle("a row that fails for now is sent again until it was failing for ten minutes",
           "write.maxRetryCount", "write.flush.intervalInSeconds",
           "write.flush.noProgress.maxIntervalInSeconds",
           "write.flush.noProgress.maxRetryIntervalInSeconds"),
    *_idle("requests in flight follow what the service answers, up to `spillway.lanes`",
           "write.point.maxConcurrency", "write.bulk.maxConcurrentCosmosPartitions"),
    _connector("write.bulk.enabled", "`true`: up to 100 documents in a request; `false`: one.",
               _set("destination", "bulk", convert=_boolean)),
    *_idle("documents on their way are bounded by `spillway.memory`",
           "write.bulk.maxPendingOperations"),
    *_idle("requests are filled to what the service takes",
           "write.bulk.targetedPayloadSizeInBytes", "write.bulk.initialBatchSize",
           "write.bulk.maxBatchSize", "write.bulk.minTargetBatchSize"),
    _connector("write.bulk.transactional", "`false` alone: rows are written one by one.",
               _only("false", "a batch that fails as a whole would fail for one row: write "
                     "`false`, and repeat the job if it fails, which writes the same documents")),
    *_idle("of transactional writes alone", "write.bulk.transactional.maxOperationsConcurrency",
           "write.bulk.transactional.maxBatchesConcurrency"),
    _refused("write.onRetryCommitInterceptor", _PLUGIN),
    _connector("write.patch.defaultOperationType", "`Set` alone, which patches need to be told: it "
               "sets a field whether it is there or not.", _patch_operation),
    _refused("write.patch.columnConfigs",
             "patches set every column but the keys: choose and rename columns with df.select"),
    _refused("write.patch.filter",
             "patches are not conditional: filter the rows with df.where, or use ItemBulkUpdate"),
    _refused("write.bulkUpdate.columnConfigs",
             "every column but the keys is set: choose and rename columns with df.select"),
    _connector("serialization.inclusionMode", "`Always` (the default): NULL is written as null; "
               "`NonNull`: it is left out.", _inclusion),
    _connector("serialization.dateTimeConversionMode", "`Default`: dates are days, timestamps are "
               "microseconds since 1970, as the connector has it; `AlwaysEpochMilliseconds`: both "
               "are milliseconds.", _date_time_mode),
    # Reading.
    _reading("read.inferSchema.enabled", "`true` (the default): without a schema of yours it is "
             "made from documents; `false`: columns `id` and `_rawBody`, the whole document.",
             _attribute("inferred", _boolean)),
    _reading("read.inferSchema.samplingSize", "From so many documents; left out: 1000.",
             _attribute("sampled", _count)),
    _reading("read.inferSchema.includeSystemProperties", "`true`: with `_rid`, `_etag` and their "
             "like.", _attribute("system_properties", _boolean)),
    _reading("read.inferSchema.includeTimestamp", "`true`: with `_ts`.",
             _attribute("timestamp", _boolean)),
    _refused_in_reading("read.inferSchema.query", "what is read is sampled: give a schema with "
                        "spark.read.schema(…)"),
    _reading("read.schemaConversionMode", "`Strict` (ours, when left out): a value that does not "
             "fit its column is an error; `Relaxed`: it becomes NULL.",
             _set("read", "relaxed", convert=_one_of({"Strict": False, "Relaxed": True}))),
    _reading("read.customQuery", "The results of this query are read, which must be objects, in "
             "place of the documents. Each partition runs it over its own part of the keys: with "
             "an order, an aggregate, DISTINCT or a limit it is refused.", _attribute("query")),
    _reading("partitioning.targetedCount", "Partitions of the DataFrame; left out: one for each "
             "physical range of the container.", _attribute("parts", _count)),
    _refused_in_reading("partitioning.feedRangeFilter", "the whole container is read: choose with "
                        "df.where"),
    *_idle("one partition for each physical range, or targetedCount",
           "read.partitioning.strategy"),
    *_idle(_PAGES, "read.maxItemCount", "read.prefetchBufferSize",
           "read.responseContinuationTokenLimitInKb"),
    *_idle("columns are always nullable", "read.inferSchema.forceNullableProperties"),
    *_idle("reads are of the account's default consistency", "read.forceEventualConsistency",
           "read.consistencyStrategy", "read.maxIntegratedCacheStalenessInMS"),
    *_idle("documents with a field twice are an error",
           "read.allowInvalidJsonWithDuplicateJsonProperties"),
    *_idle("filters are Spark's own, or `spillway.pushFilters`", "read.runtimeFiltering.enabled",
           "read.readManyFiltering.enabled"),
    *_idle(_FEED, "changeFeed.startFrom", "changeFeed.mode",
           "changeFeed.itemCountPerTriggerHint", "changeFeed.batchCheckpointLocation",
           "changeFeed.batchCheckpointLocation.ignoreWhenInvalid",
           "changeFeed.performance.monitoring.enabled",
           "changeFeed.maxRetryDurationInSeconds"),
    *_idle("there is no catalog", "views.repositoryPath"),
    # Throughput control.
    _connector("throughputControl.enabled", "`true`: the limit below holds for all tasks of the "
               "job together, by an even share for each (`spillway.tasks`), or for a whole group.",
               _throughput("enabled")),
    _connector("throughputControl.name", "The group that meets in the control container: jobs, "
               "`spillway sync`, and the connector's own jobs.", _throughput("name")),
    _connector("throughputControl.targetThroughput", "The most request units in any second.",
               _throughput("target")),
    _connector("throughputControl.targetThroughputThreshold", "The same as a part of what the "
               "container has, such as 0.3.", _throughput("threshold")),
    _connector("throughputControl.priorityLevel", "`Low` or `High`: which requests the service "
               "sheds first.", _throughput("priority")),
    _connector("throughputControl.throughputBucket", "The server's bucket, 1 to 5.",
               _throughput("bucket")),
    _connector("throughputControl.globalControl.container", "The control container; without one "
               "the limit is this job's own.", _throughput("group_container")),
    _connector("throughputControl.globalControl.database", "Its database; left out: the job's.",
               _throughput("group_database")),
    _connector("throughputControl.globalControl.useDedicatedContainer", "`false`: there is no "
               "control container, the limit is this job's own.", _throughput("dedicated")),
    _connector("throughputControl.accountEndpoint", "The control container's account; left out: "
               "the job's.", _throughput("endpoint")),
    _connector("throughputControl.accountKey", "Its key; left out: the job's own identity.",
               _throughput("key"), secret=True),
    *_idle("the control container is asked as the others are",
           "throughputControl.preferredRegionsList",
           "throughputControl.disableTcpConnectionEndpointRediscovery",
           "throughputControl.useGatewayMode"),
    *_idle("members renew every 5 s and expire after 11 s, as the connector's do by default",
           "throughputControl.globalControl.renewIntervalInMS",
           "throughputControl.globalControl.expireIntervalInMS"),
    # Ours.
    _own("auth", "Who we are, as `auth:` in spillway.yaml: `default`, `managed_identity`, "
         '`workload_identity`, `azure_cli`, or JSON such as `{"token": {"file": "/run/token"}}`.',
         _identity("own", _own_auth), secret=True, use=Use.BOTH),
    _own("mode", "What a row does, by our names: " + ", ".join(MODES) + ".",
         _set("sync", "mode", convert=_one_of({mode: mode for mode in MODES}))),
    _own("id", "The columns that make a document's id, separated by commas; left out: `id`.",
         _set("destination", "id", convert=lambda value: [name.strip()
                                                          for name in value.split(",")])),
    _own("maxRejected", f"More rejected rows than this fail the job: a number, or a share of its "
         f"rows; left out: {MAX_REJECTED_DEFAULT}.", _attribute("max_rejected")),
    _own("rejectedListed", "Rejected rows that a task lists in the summary, at most; left out: "
         "100.", _set("rejected_listed")),
    _own("lanes", "Requests in flight of a task, at most; left out: 16.", _set("lanes")),
    _own("memory", "What a task holds of documents on their way; left out: 64MiB.",
         _set("memory")),
    _own("tasks", "Tasks that run at a time, for the share of each in a limit; "
         "`spillway.spark.register` finds out.", _attribute("tasks", _count), use=Use.BOTH),
    _own("timestamps", "`iso8601`, `epoch_ms` or `epoch_us`, in place of dateTimeConversionMode.",
         _one_time, use=Use.BOTH),
    _own("columns", "The fields that are read, separated by commas, and asked for alone.",
         _attribute("columns", _names), use=Use.READING),
    _own("pushFilters", "`true`, on Spark 4.1 and later with "
         "`spark.sql.python.filterPushdown.enabled`: the service filters. One `load()` is good for "
         "one query then: docs/spark.md says why.", _attribute("push_filters", _boolean),
         use=Use.READING),
    _own("decimals", "`number` or `string`.", _set("documents", "decimals")),
    _own("inexactNumbers", "Numbers that no double holds: `reject` the row, `string` or `number`.",
         _set("documents", "inexact_numbers")),
    _own("nonFinite", "NaN and the infinities: `reject` the row, `null` or `string`.",
         _set("documents", "non_finite")),
    _own("settle", "A request whose answer was lost arrives within this time or never; left out: "
         "15s.", _set("sync", "settle")),
    _own("fence", "`driver` (left out: that): attempts ask the driver for their share of the "
         "limit, and in `apply_changes` and `foreach_batch` write only while it lets them, so "
         "that none writes over a later batch; or `none`: even shares, and no such promise.",
         _attribute("fence", _one_of({"driver": True, "none": False}))),
    _own("driverHost", "Where executors reach the driver for that; left out: `spark.driver.host`.",
         _attribute("driver_host")),
    _own("progress", "Whether the driver shows how far a job is: `true` (left out: that) or "
         "`false`.",
         _attribute("progress", _boolean)),
    _own("caFile", "A PEM file of certificates to trust: for the local server.",
         _set("connection", "ca_file"), use=Use.BOTH),
    _own("summaryFile", "A file on the driver that gets the job's summary as JSON.",
         _attribute("summary_file")),
)
