"""Bad input: each ends with the exit code of its class and says what, where and what next."""

import http.server
import json
import pathlib
import shutil
import threading

import pytest

from delta_log import edit_commits, with_type

FAILED, USAGE, REJECTED, AUTH, TEMPORARY, DECISION = 1, 2, 3, 6, 7, 9


def assert_says(outcome, *needles):
    """The message names each of these, and gives advice on a line of its own."""
    missing = [needle for needle in needles if needle.lower() not in outcome.text.lower()]
    assert not missing, f"the message does not say {missing}:\n{outcome.text}"


@pytest.fixture
def own_table(tmp_path, lake):
    """A copy of a table of the lake that a test may damage."""

    def copy(name) -> pathlib.Path:
        folder = tmp_path / "lake" / "products"
        shutil.copytree(lake.path(name), folder)
        return folder

    return copy


@pytest.fixture
def own(workspace, own_table):
    """Configures the workspace for a copy of a table; returns the copy's folder."""

    def configure(name="append", **pipeline) -> pathlib.Path:
        folder = own_table(name)
        workspace.configure(workspace.project(folder.parent, table=folder.name, **pipeline))
        return folder

    return configure


# ---- The table ----


def test_a_missing_table(workspace, tmp_path):
    (tmp_path / "lake").mkdir()
    workspace.configure(workspace.project(tmp_path / "lake", table="nothing"))
    assert_says(workspace.run("sync", "p", code=FAILED), "nothing", "delta")


def test_an_empty_log(workspace, own):
    table = own()
    for file in (table / "_delta_log").rglob("*.*"):
        file.unlink()
    assert_says(workspace.run("sync", "p", code=FAILED), "products")


def test_a_commit_that_is_not_json(workspace, own):
    table = own()
    commit = table / "_delta_log" / f"{2:020}.json"
    commit.write_text(commit.read_text()[:40] + "\n")
    assert_says(workspace.run("sync", "p", code=FAILED), "products")


def test_a_truncated_data_file(workspace, own):
    table = own()
    file = next(table.glob("*.parquet"))
    file.write_bytes(file.read_bytes()[:-20])
    assert_says(workspace.run("sync", "p", code=FAILED), file.name)


def test_a_data_file_that_vacuum_removed(workspace, own):
    table = own()
    file = next(table.glob("*.parquet"))
    file.unlink()
    assert_says(workspace.run("sync", "p", code=FAILED), file.name)


def test_a_reader_feature_of_tomorrow(workspace, own):
    table = own()

    def edit(action):
        if "protocol" in action:
            features = {
                "readerFeatures": ["timeTravelToTomorrow"],
                "writerFeatures": ["timeTravelToTomorrow"],
            }
            return {"protocol": {"minReaderVersion": 3, "minWriterVersion": 7, **features}}
        return action

    edit_commits(table, edit)
    outcome = workspace.run("sync", "p", code=DECISION)
    assert_says(outcome, "timeTravelToTomorrow")
    assert not workspace_database_exists(workspace), "something was written"


def workspace_database_exists(workspace) -> bool:
    return workspace.database in [d["id"] for d in workspace.cosmos.list_databases()]


@pytest.mark.parametrize("kind", ["geometry(OGC:CRS84)", "unheard of"])
def test_a_column_of_an_unknown_type(kind, workspace, own):
    with_type(own(), "price", kind)
    assert_says(workspace.run("sync", "p", code=None), kind)
    assert workspace.run("sync", "p", code=None).code in (FAILED, DECISION)
    assert not workspace_database_exists(workspace), "something was written"


@pytest.mark.parametrize(
    "path", ["file:///etc/hostname", "../../secret.parquet", "..%2Fsecret.parquet"]
)
def test_a_path_that_leaves_the_table(path, workspace, own):
    table = own()

    def edit(action):
        if "add" in action:
            action["add"]["path"] = path
        return action

    edit_commits(table, edit)
    assert_says(
        workspace.run("sync", "p", code=DECISION),
        "outside",
        "hostname" if "hostname" in path else "secret",
    )
    assert not workspace_database_exists(workspace), "something was written"


UNREADABLE_TYPES = {
    "in a struct": {
        "type": "struct",
        "fields": [{"name": "x", "type": "geometry", "nullable": True, "metadata": {}}],
    },
    "in an array": {"type": "array", "elementType": "geometry", "containsNull": True},
    "keys that are no text": {
        "type": "map",
        "keyType": {"type": "array", "elementType": "geometry", "containsNull": True},
        "valueType": "string",
        "valueContainsNull": True,
    },
}


@pytest.mark.parametrize("where", UNREADABLE_TYPES)
def test_a_type_that_has_no_document_form_stops_before_the_first_write(where, workspace, own):
    with_type(own(), "price", UNREADABLE_TYPES[where])
    assert workspace.run("sync", "p", code=None).code in (FAILED, DECISION)
    assert_says(workspace.run("check", "--connect", code=None), "geometry")
    assert not workspace_database_exists(workspace), "something was written"


def test_map_keys_that_have_no_text_stop_before_the_first_write(with_rows, workspace):
    import pyarrow

    pairs = pyarrow.array([[(b"k", 1)]], pyarrow.map_(pyarrow.binary(), pyarrow.int64()))
    with_rows(id=["a"], pairs=pairs)
    assert_says(workspace.run("sync", "p", code=USAGE), "pairs", "binary", "source.columns")
    assert not workspace_database_exists(workspace), "something was written"


def test_a_version_that_is_not_there(workspace, own):
    own()
    assert_says(workspace.run("sync", "p", "--version", "77", code=FAILED), "77")


# ---- The configuration ----


def test_a_column_that_does_not_exist(workspace, own):
    own(source={"columns": ["id", "prise"]})
    assert_says(workspace.run("check", "--connect", code=USAGE), "prise", "price")
    assert_says(workspace.run("sync", "p", code=USAGE), "prise", "price")


def test_a_partition_key_that_the_document_lacks(workspace, own):
    own(destination={"partition_key": "/region"})
    assert_says(workspace.run("sync", "p", code=USAGE), "region")


def test_an_unknown_key_suggests_the_nearest(workspace, own):
    own(destination={"partition_keys": "/id"})
    outcome = workspace.run("check", code=USAGE)
    assert_says(outcome, "partition_keys", "partition_key", "spillway.yaml:")


def test_a_duplicate_key(workspace, own):
    own()
    text = (workspace.folder / "spillway.yaml").read_text()
    workspace.configure_text(text + "version: 1\n")
    assert_says(workspace.run("check", code=USAGE), "version", "spillway.yaml:")


def test_all_problems_come_at_once(workspace, own):
    own(destination={"nonsense": 1}, sync={"mode": "sideways"})
    assert_says(workspace.run("check", code=USAGE), "nonsense", "sideways")


def test_no_configuration(workspace):
    assert_says(workspace.run("sync", "p", code=USAGE), "spillway.yaml", "init")


def test_an_unknown_pipeline(workspace, own):
    own()
    assert_says(workspace.run("sync", "q", code=USAGE), "q", "p")


def test_yaml_that_is_not_yaml(workspace):
    workspace.configure_text("version: 1\nconnections: [\n")
    assert_says(workspace.run("check", code=USAGE), "spillway.yaml:")


def test_a_secret_that_is_not_set(workspace, own):
    own()
    workspace.spillway.environment.pop("COSMOS_KEY")
    assert_says(workspace.run("sync", "p", code=USAGE), "COSMOS_KEY")


@pytest.mark.parametrize("column", ["ttl", "_etag", "_ts", "_rid", "_self", "_attachments"])
def test_a_column_with_a_name_of_the_service(column, workspace, tmp_path):
    import pyarrow as pa
    from deltalake import write_deltalake

    rows = pa.table({"id": ["a"], column: pa.array([1], pa.int32())})
    write_deltalake(str(tmp_path / "lake" / "products"), rows)
    workspace.configure(workspace.project(tmp_path / "lake", table="products"))
    assert_says(workspace.run("sync", "p", code=USAGE), column)


# ---- The destination ----


def test_a_wrong_key(workspace, own):
    own()
    workspace.spillway.environment["COSMOS_KEY"] = "d3Jvbmcga2V5"
    outcome = workspace.run("sync", "p", code=AUTH)
    assert_says(outcome, workspace.server.endpoint.split("//")[1].rstrip("/"))
    assert "d3Jvbmcga2V5" not in outcome.text


def test_a_key_that_is_not_base64(workspace, own):
    own()
    workspace.spillway.environment["COSMOS_KEY"] = "not base64!"
    outcome = workspace.run("sync", "p", code=None)
    assert outcome.code in (USAGE, AUTH)
    assert "not base64!" not in outcome.text


def reconfigure(workspace, change):
    import yaml

    file = workspace.folder / "spillway.yaml"
    project = yaml.safe_load(file.read_text())
    change(project)
    workspace.configure(project)


def test_an_endpoint_where_nobody_listens(workspace, own):
    own()
    reconfigure(
        workspace, lambda p: p["connections"]["shop"].update(endpoint="https://localhost:1/")
    )
    assert_says(workspace.run("sync", "p", code=TEMPORARY), "localhost:1")


def test_an_endpoint_that_is_not_cosmos_db(workspace, own):
    own()
    with plain_web_server() as port:
        endpoint = f"http://127.0.0.1:{port}/"
        reconfigure(workspace, lambda p: p["connections"]["shop"].update(endpoint=endpoint))
        outcome = workspace.run("sync", "p", code=None)
    assert outcome.code in (FAILED, USAGE)
    assert_says(outcome, str(port))


class plain_web_server:
    """Answers every request with a page that is not JSON."""

    def __enter__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = b"<html>hello</html>"
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self.server.server_port

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def test_a_certificate_that_nobody_vouches_for(workspace, own):
    own()
    reconfigure(workspace, lambda p: p["connections"]["shop"].pop("ca_file"))
    assert_says(workspace.run("sync", "p", code=AUTH), "certificate", "ca_file")


def test_a_certificate_file_that_is_not_there(workspace, own):
    own()
    reconfigure(workspace, lambda p: p["connections"]["shop"].update(ca_file="gone.pem"))
    assert_says(workspace.run("sync", "p", code=USAGE), "gone.pem")


def test_plain_http_beyond_loopback_is_refused(workspace, own):
    own()
    endpoint = "http://example.com:8081/"
    reconfigure(workspace, lambda p: p["connections"]["shop"].update(endpoint=endpoint))
    assert_says(workspace.run("check", code=USAGE), "https")


def test_a_missing_container_that_may_not_be_created(workspace, own):
    own(destination={"create": "never"})
    workspace.cosmos.create_database(workspace.database)
    assert_says(workspace.run("sync", "p", code=FAILED), "items", "create")


def test_a_container_with_another_partition_key(workspace, own):
    own(destination={"partition_key": "/category"})
    workspace.create_container(partition_key="/id")
    assert_says(workspace.run("sync", "p", code=USAGE), "/category", "/id")


# ---- Rows ----


def write_rows(tmp_path, **columns):
    import pyarrow as pa
    from deltalake import write_deltalake

    write_deltalake(str(tmp_path / "lake" / "products"), pa.table(columns))


@pytest.fixture
def with_rows(workspace, tmp_path):
    """Configures the workspace for a table of these columns."""

    def configure(pipeline: dict | None = None, **columns):
        write_rows(tmp_path, **columns)
        project = workspace.project(tmp_path / "lake", table="products", **(pipeline or {}))
        workspace.configure(project)
        return workspace

    return configure


def test_duplicate_ids_stop_the_run(with_rows):
    workspace = with_rows(id=["a", "b", "a"], n=[1, 2, 3])
    assert_says(workspace.run("sync", "p", code=DECISION), "duplicates", "'a'", "row 0", "row 2")


def test_duplicate_ids_with_last_wins(with_rows):
    workspace = with_rows({"sync": {"duplicates": "last"}}, id=["a", "b", "a"], n=[1, 2, 3])
    summary = workspace.json("sync", "p")
    assert {d["id"]: d["n"] for d in workspace.documents()} == {"a": 3, "b": 2}
    assert summary["counts"]["superseded"] == 1


def test_the_same_id_under_two_partition_keys_is_no_duplicate(with_rows):
    pipeline = {"destination": {"partition_key": "/n"}}
    workspace = with_rows(pipeline, id=["a", "b", "a"], n=[1, 2, 3])
    workspace.run("sync", "p")
    assert len(workspace.documents()) == 3


def test_rejected_rows_over_budget(with_rows):
    workspace = with_rows(id=["a", "b"], n=[2**53 + 1, 1])
    assert_says(workspace.run("sync", "p", code=REJECTED), "rejected", "max_rejected")
    listed = workspace.json("rejects", "p", "--show")
    assert json.loads(listed["rows"][0]["key"]) == [["a"], "a"]
    assert "9007199254740993" in listed["rows"][0]["message"]


ROWS_REFUSED = {
    "an id that is too long": {"id": ["x" * 1024, "ok"]},
    "an id with a slash": {"id": ["a/b", "ok"]},
    "an id with a backslash": {"id": ["a\\b", "ok"]},
    "an id with a question mark": {"id": ["a?b", "ok"]},
    "an id with a hash sign": {"id": ["a#b", "ok"]},
    "an empty id": {"id": ["", "ok"]},
    "an id that is NULL": {"id": [None, "ok"]},
    "a document over 2 MB": {"id": ["big", "ok"], "text": ["x" * 2_100_000, "small"]},
    "a document over 2 MB in UTF-8 alone": {"id": ["big", "ok"], "text": ["€" * 750_000, "small"]},
    "an integer that a double cannot keep": {"id": ["big", "ok"], "n": [2**53 + 1, 2**53]},
    "a number that is none": {"id": ["nan", "ok"], "n": [float("nan"), 1.0]},
}


@pytest.mark.parametrize("case", ROWS_REFUSED)
def test_a_row_that_cannot_be_a_document_is_rejected_and_the_rest_flows(case, with_rows):
    budget = {"sync": {"max_rejected": 1}}
    workspace = with_rows(budget, **ROWS_REFUSED[case])
    summary = workspace.json("sync", "p")
    assert [document["id"] for document in workspace.documents()] == ["ok"]
    counts = summary["counts"]
    assert (counts["read"], counts["upserted"], counts["rejected"]) == (2, 1, 1)
    listed = workspace.json("rejects", "p", "--show")
    assert len(listed["rows"]) == 1 and listed["rows"][0]["message"]


def test_a_partition_key_that_is_too_long_is_rejected(with_rows):
    pipeline = {"destination": {"partition_key": "/key"}, "sync": {"max_rejected": 1}}
    workspace = with_rows(pipeline, id=["a", "ok"], key=["x" * 2049, "short"])
    assert workspace.json("sync", "p")["counts"]["rejected"] == 1


def test_a_query_that_asks_what_is_not_there(workspace, own):
    own()
    workspace.run("sync", "p")
    ask = "SELECT * FROM c"
    assert_says(workspace.run("query", "shop/nothing", ask, code=FAILED), "container nothing")
    assert_says(workspace.run("query", "shop", ask, code=USAGE), "shop/CONTAINER")
    assert_says(workspace.run("query", "lake/table", ask, code=USAGE), "answers no queries")
    assert_says(workspace.run("query", "shop/items", "SELEC", code=USAGE), "SC1001")
    reconfigure(workspace, lambda p: p["connections"]["shop"].update(database="nowhere"))
    assert_says(workspace.run("query", "shop/items", ask, code=FAILED), "no database nowhere")
