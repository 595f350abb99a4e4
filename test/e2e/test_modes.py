"""What a write means: every mode against a container that holds some of the rows already."""

import pytest

PRODUCTS = 30  # of the table `append`: p0001 … p0030
MAY_CREATE = ("mirror", "upsert", "append", "merge_fields")
EXISTING = ["p0001", "p0002", "p0003"]


def price(number):
    return number * 1.5


@pytest.fixture
def prepared(configured):
    """The container holds three documents whose ids are in the table, and one that is not."""

    def prepare(mode, **pipeline):
        sync = {"mode": mode, **pipeline.pop("sync", {})}
        destination = {} if mode in MAY_CREATE else {"create": None}
        workspace = configured("append", sync=sync, destination=destination, **pipeline)
        container = workspace.create_container()
        for key in EXISTING:
            container.upsert_item({"id": key, "old": True, "price": -1})
        container.upsert_item({"id": "other", "old": True})
        return workspace

    return prepare


def by_id(workspace):
    return {document["id"]: document for document in workspace.documents()}


@pytest.mark.parametrize("mode", ["mirror", "upsert"])
def test_upsert_replaces_whole_documents(mode, prepared):
    workspace = prepared(mode)
    workspace.run("sync", "p")
    found = by_id(workspace)
    assert len(found) == PRODUCTS + 1
    assert found["p0001"]["price"] == price(1) and "old" not in found["p0001"]
    assert found["other"]["old"] is True


def test_append_leaves_what_exists(prepared):
    workspace = prepared("append")
    summary = workspace.json("sync", "p")
    found = by_id(workspace)
    assert len(found) == PRODUCTS + 1
    assert found["p0001"]["price"] == -1 and found["p0001"]["old"] is True
    assert found["p0004"]["price"] == price(4)
    assert summary["counts"]["upserted"] == PRODUCTS - len(EXISTING)
    assert summary["counts"]["filtered"] == len(EXISTING)


def test_update_touches_existing_documents_alone(prepared):
    workspace = prepared("update")
    workspace.run("sync", "p")
    found = by_id(workspace)
    assert sorted(found) == sorted([*EXISTING, "other"])
    assert found["p0002"]["price"] == price(2) and "old" not in found["p0002"]


def test_patch_if_exists_sets_fields_and_keeps_the_others(prepared):
    workspace = prepared("patch_if_exists", source={"columns": ["id", "price"]})
    workspace.run("sync", "p")
    found = by_id(workspace)
    assert sorted(found) == sorted([*EXISTING, "other"])
    assert found["p0002"]["price"] == price(2) and found["p0002"]["old"] is True


def test_patch_of_a_missing_document_is_a_rejected_row(prepared):
    columns = {"columns": ["id", "price"]}
    workspace = prepared("patch", source=columns, sync={"max_rejected": "100%"})
    summary = workspace.json("sync", "p")
    assert summary["counts"]["upserted"] == len(EXISTING)
    assert summary["counts"]["rejected"] == PRODUCTS - len(EXISTING)
    assert by_id(workspace)["p0003"]["old"] is True


def test_merge_fields_creates_and_merges(prepared):
    workspace = prepared("merge_fields")
    workspace.run("sync", "p")
    found = by_id(workspace)
    assert len(found) == PRODUCTS + 1
    assert found["p0001"]["price"] == price(1) and found["p0001"]["old"] is True
    assert found["p0030"]["price"] == price(30)


def test_delete_removes_the_documents_that_the_rows_name(prepared):
    workspace = prepared("delete")
    summary = workspace.json("sync", "p")
    assert sorted(by_id(workspace)) == ["other"]
    assert summary["counts"]["deleted"] == len(EXISTING)
    assert summary["counts"]["delete_found_nothing"] == PRODUCTS - len(EXISTING)
