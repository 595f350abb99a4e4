"""The table of options: complete, and honest about what each key does."""

import base64
import pathlib

import pytest

from spillway import SpillwayError
from spillway.spark import limits, option_table, options
from spillway.spark.identity import for_this_process
from spillway.spark.option_table import DateTimes, Effect

HERE = pathlib.Path(__file__).resolve().parent
REFERENCE = HERE.parent.parent / "docs" / "reference" / "spark-options.md"
PREFIX = option_table.CONNECTOR_PREFIX
PLACE = {
    f"{PREFIX}accountEndpoint": "https://contoso.documents.azure.com:443/",
    f"{PREFIX}accountKey": "c2VjcmV0",
    f"{PREFIX}database": "cosmicworks",
    f"{PREFIX}container": "products",
}


def connector_keys():
    lines = (HERE / "connector_keys.txt").read_text().splitlines()
    return [PREFIX + line for line in lines if line and not line.startswith("#")]


def plan(**more):
    named = {f"{PREFIX}{key.replace('__', '.')}": value for key, value in more.items()}
    return options.plan_write({**PLACE, **named})


def refusal(given, plan_it=options.plan_write):
    with pytest.raises(SpillwayError) as raised:
        plan_it(given)
    assert raised.value.code == "invalid argument"
    return str(raised.value)


def test_every_key_of_the_connector_has_an_entry_and_no_other():
    table = {option.key for option in option_table.OPTIONS if option.key.startswith(PREFIX)}
    assert table == set(connector_keys())


def test_no_key_stands_twice_and_each_says_something():
    keys = [option.key.lower() for option in option_table.OPTIONS]
    assert len(keys) == len(set(keys))
    for option in option_table.OPTIONS:
        assert option.doc
        assert (option.apply is not None) == (option.effect is Effect.SUPPORTED)


def test_the_reference_page_is_made_from_the_table():
    assert REFERENCE.read_text() == options.reference_page()


def test_the_connectors_defaults_are_the_engines_words():
    assert plan().engine == {
        "connection": {
            "type": "cosmosdb",
            "endpoint": "https://contoso.documents.azure.com:443/",
            "database": "cosmicworks",
            "auth": {"key": "c2VjcmV0"},
        },
        "destination": {"create": "never", "container": "products"},
        "documents": {},
        "sync": {"mode": "upsert"},
    }
    assert plan().date_times is DateTimes.CONNECTOR


def test_keys_come_in_any_case():
    lower = {key.lower(): value for key, value in PLACE.items()}
    assert options.plan_write(lower) == options.plan_write(PLACE)


@pytest.mark.parametrize("strategy, mode", option_table.STRATEGIES.items())
def test_every_strategy_has_a_mode(strategy, mode):
    more = {"write__patch__defaultOperationType": "Set"} if "Patch" in strategy else {}
    assert plan(write__strategy=strategy, **more).engine["sync"]["mode"] == mode


def test_patches_say_that_they_set():
    text = refusal({**PLACE, f"{PREFIX}write.strategy": "ItemPatch"})
    assert "`spark.cosmos.write.patch.defaultOperationType` = `Set`" in text


@pytest.mark.parametrize(
    "key", [option.key for option in option_table.OPTIONS if option.effect is Effect.REFUSED])
def test_what_is_refused_says_why(key):
    use = next(option.use for option in option_table.OPTIONS if option.key == key)
    plan_it = options.plan_read if use is option_table.Use.READING else options.plan_write
    text = refusal({**PLACE, key: "x"}, plan_it)
    assert f"`{key}` is not supported: " in text


def test_what_has_no_effect_is_said_in_one_warning():
    found = plan(read__maxItemCount="5", diagnostics="simple")
    assert found.warning == ("options without effect: spark.cosmos.diagnostics, "
                             "spark.cosmos.read.maxItemCount")
    with pytest.warns(UserWarning, match="without effect"):
        options.warn_once(found)


def test_all_problems_come_at_once_and_a_misspelt_key_gets_the_nearest_name():
    text = refusal({
        f"{PREFIX}accountEndpoint": "https://contoso.documents.azure.com:443/",
        f"{PREFIX}accountKey": "secret-text",
        f"{PREFIX}containr": "products",
        f"{PREFIX}write.strategy": "ItemOverwrit",
        "path": "/tmp/x",
    })
    assert "`spark.cosmos.containr`: did you mean `spark.cosmos.container`?" in text
    assert "cannot be `ItemOverwrit`: did you mean `ItemOverwrite`?" in text
    assert "`spark.cosmos.database` is missing" in text
    assert "save() takes no path" in text
    assert "secret-text" not in text


def test_a_key_that_is_nowhere_near_is_named_as_it_is():
    assert "there is no option `color`" in refusal({**PLACE, "color": "red"})


def test_our_mode_and_the_connectors_strategy_exclude_each_other():
    both = {**PLACE, f"{PREFIX}write.strategy": "ItemAppend", "spillway.mode": "append"}
    assert "write one of them" in refusal(both)


ENTRA = {"auth__aad__clientId": "app", "account__tenantId": "tenant"}


def signed_in(kind, **more):
    return plan(auth__type=kind, **more).engine["connection"]


def test_a_service_principal_signs_in_with_its_secret():
    connection = signed_in("ServicePrincipal", **ENTRA, auth__aad__clientSecret="s3cret",
                           auth__aad__audience="https://contoso", account__subscriptionId="sub",
                           account__resourceGroupName="shop",
                           account__azureEnvironment="AzureChina")
    assert connection["auth"] == {"service_principal": {
        "tenant": "tenant", "client_id": "app", "secret": "s3cret"}}
    assert connection["arm"] == {"subscription": "sub", "resource_group": "shop"}
    assert (connection["audience"], connection["cloud"]) == ("https://contoso", "china")
    assert signed_in("ServicePrinciple", **ENTRA, auth__aad__clientSecret="s3cret")["auth"] == (
        connection["auth"])


def test_a_certificate_becomes_a_file_that_nobody_else_may_read():
    pem = b"-----BEGIN CERTIFICATE-----"
    found = plan(auth__type="ServicePrincipal", **ENTRA, auth__aad__clientCertSendChain="true",
                 auth__aad__clientCertPemBase64=base64.b64encode(pem).decode())
    principal = for_this_process(found.engine)["connection"]["auth"]["service_principal"]
    assert principal["send_certificate_chain"] is True
    path = pathlib.Path(principal["certificate"])
    assert path.read_bytes() == pem and path.stat().st_mode & 0o777 == 0o600
    again = for_this_process(found.engine)["connection"]["auth"]["service_principal"]
    assert again["certificate"] == principal["certificate"]


def test_a_managed_identity_may_be_one_of_several():
    assert signed_in("ManagedIdentity")["auth"] == "managed_identity"
    assert signed_in("ManagedIdentity", auth__aad__clientId="app")["auth"] == {
        "managed_identity": {"client_id": "app"}}
    assert signed_in("ManagedIdentity", auth__aad__resourceId="/id")["auth"] == {
        "managed_identity": {"resource_id": "/id"}}


def test_our_own_words_for_identity_are_those_of_spillway_yaml():
    place = {key: value for key, value in PLACE.items() if not key.endswith("accountKey")}
    found = options.plan_write({**place, "spillway.auth": "default"})
    assert found.engine["connection"]["auth"] == "default"
    found = options.plan_write({**place, "spillway.auth": '{"token": {"file": "/run/token"}}'})
    assert found.engine["connection"]["auth"] == {"token": {"file": "/run/token"}}
    assert "write a word such as default" in refusal({**place, "spillway.auth": '{"token": '})


def test_what_another_way_to_sign_in_needs_has_no_effect_and_is_said():
    assert "spark.cosmos.accountKey" in plan(auth__type="ManagedIdentity").warning
    assert "spark.cosmos.account.tenantId" in plan(account__tenantId="tenant").warning


@pytest.mark.parametrize("given, missing", [
    ({}, "auth.aad.clientId"),
    ({"auth__aad__clientSecret": "hidden"}, "account.tenantId"),
    (ENTRA, "auth.aad.clientSecret"),
    ({**ENTRA, "auth__aad__clientSecret": "hidden", "auth__aad__clientCertPemBase64": "aGlkZGVu"},
     "auth.aad.clientCertPemBase64"),
    ({**ENTRA, "auth__aad__clientCertPemBase64": "hidden!"}, "is not base64"),
])
def test_an_incomplete_service_principal_says_what_is_missing(given, missing):
    named = {f"{PREFIX}{key.replace('__', '.')}": value for key, value in given.items()}
    text = refusal({**PLACE, f"{PREFIX}auth.type": "ServicePrincipal", **named})
    assert missing in text
    assert "hidden" not in text


GROUP = {"throughputControl__enabled": "true", "throughputControl__targetThroughput": "4000",
         "throughputControl__name": "loaders",
         "throughputControl__globalControl__database": "control",
         "throughputControl__globalControl__container": "groups"}


def test_a_control_container_is_where_a_group_meets():
    found = plan(**GROUP)
    assert found.limit is None
    assert found.engine["throughput"] == {"limit": "4000", "group": {
        "name": "loaders", "container": "groups", "database": "control"}}
    assert "control" not in found.engine


def test_a_control_container_may_be_of_another_account():
    found = plan(**GROUP, throughputControl__accountEndpoint="https://other/",
                 throughputControl__accountKey="other")
    control = found.engine["control"]
    assert (control["endpoint"], control["database"]) == ("https://other/", "control")
    assert control["auth"] == {"key": "other"}


def test_without_a_dedicated_container_the_limit_is_the_jobs_own():
    found = plan(**GROUP, throughputControl__globalControl__useDedicatedContainer="false")
    assert found.limit == "4000" and "throughput" not in found.engine


def test_a_group_needs_a_name():
    unnamed = {key: value for key, value in GROUP.items() if not key.endswith("__name")}
    named = {f"{PREFIX}{key.replace('__', '.')}": value for key, value in unnamed.items()}
    assert "throughputControl.name is missing" in refusal({**PLACE, **named})


def test_limits_are_shares_or_request_units():
    def limit(**more):
        named = {f"throughputControl__{key}": value for key, value in more.items()}
        return plan(throughputControl__enabled="true", **named).limit

    assert limit(targetThroughput="4000") == "4000"
    assert limit(targetThroughputThreshold="0.3") == "30%"
    assert limit(targetThroughputThreshold="0.075") == "7.5%"
    assert limits.share_of("30%", 4) == "7.5%"
    assert limits.share_of("4000", 8) == "500"
    assert plan(throughputControl__targetThroughput="4000").limit is None
    bucket = plan(throughputControl__enabled="true", throughputControl__throughputBucket="2")
    assert bucket.engine["destination"]["throughput_bucket"] == "2"


@pytest.mark.parametrize("given", [
    {"throughputControl__enabled": "true"},
    {"throughputControl__enabled": "true", "throughputControl__targetThroughput": "1",
     "throughputControl__targetThroughputThreshold": "0.5"},
    {"throughputControl__enabled": "true", "throughputControl__targetThroughput": "much"},
    {"throughputControl__enabled": "true", "throughputControl__throughputBucket": "1",
     "throughputControl__targetThroughput": "1"},
    {"throughputControl__enabled": "true", "throughputControl__targetThroughput": "1",
     "throughputControl__globalControl__useDedicatedContainer": "true"},
    {"serialization__inclusionMode": "NonEmpty"},
    {"write__bulk__transactional": "true"},
    {"write__bulk__enabled": "yes"},
    {"auth__type": "AccessToken"},
    {"auth__type": "ManagedIdentity", "auth__aad__clientId": "a", "auth__aad__resourceId": "b"},
    {"account__azureEnvironment": "AzureGermany"},
])
def test_values_that_cannot_be_done_are_refused(given):
    named = {f"{PREFIX}{key.replace('__', '.')}": value for key, value in given.items()}
    assert "write" in refusal({**PLACE, **named})


def test_times_follow_the_connector_or_what_is_asked_for():
    millis = plan(serialization__dateTimeConversionMode="AlwaysEpochMilliseconds")
    assert millis.date_times is DateTimes.ENGINE
    assert millis.engine["documents"] == {"timestamps": "epoch_ms"}
    iso = options.plan_write({**PLACE, "spillway.timestamps": "iso8601"})
    assert iso.engine["documents"] == {"timestamps": "iso8601"}


def test_one_set_of_options_writes_and_reads():
    both = {
        **PLACE,
        f"{PREFIX}write.strategy": "ItemAppend",
        f"{PREFIX}read.schemaConversionMode": "Relaxed",
        f"{PREFIX}read.inferSchema.samplingSize": "10",
        f"{PREFIX}read.inferSchema.includeTimestamp": "true",
        f"{PREFIX}partitioning.targetedCount": "3",
        "spillway.maxRejected": "5",
    }
    written, read = options.plan_write(both), options.plan_read(both)
    assert written.engine["sync"]["mode"] == "append"
    assert written.warning is None and read.warning is None
    assert read.engine["read"] == {"relaxed": True}
    assert (read.sampled, read.timestamp, read.parts) == (10, True, 3)
    assert read.engine["connection"] == written.engine["connection"]


def test_times_are_read_as_they_are_written():
    def read(**more):
        named = {f"{PREFIX}{key.replace('__', '.')}": value for key, value in more.items()}
        return options.plan_read({**PLACE, **named}).engine["read"]

    assert read() == {}
    assert read(serialization__dateTimeConversionMode="AlwaysEpochMilliseconds") == {
        "epoch_millis": True}


def test_a_groups_limit_is_not_for_reading():
    named = {f"{PREFIX}{key.replace('__', '.')}": value for key, value in GROUP.items()}
    assert "of writing alone" in refusal({**PLACE, **named}, options.plan_read)


def test_a_query_is_read_in_place_of_documents():
    found = options.plan_read({**PLACE, f"{PREFIX}read.customQuery": "SELECT c.id FROM c"})
    assert found.engine["read"]["query"] == "SELECT c.id FROM c"
    assert options.plan_read({**PLACE, "spillway.columns": "id, n"}).columns == ["id", "n"]


@pytest.mark.parametrize("pair", [
    {f"{PREFIX}read.customQuery": "SELECT c.id FROM c", "spillway.columns": "id"},
    {f"{PREFIX}read.customQuery": "SELECT c.id FROM c", "spillway.pushFilters": "true"},
    {f"{PREFIX}read.inferSchema.enabled": "false", "spillway.columns": "id"},
    {"spillway.columns": "id,id"},
    {"spillway.columns": "id,,n"},
])
def test_options_of_reading_that_contradict_each_other_are_refused(pair):
    with pytest.raises(SpillwayError) as refused:
        options.plan_read({**PLACE, **pair})
    for key in pair:
        assert key in str(refused.value)
