"""Whether a container equals a table: read by the official client, and by delta-rs."""

from deltalake import DeltaTable

from documents import without_service_properties


def rows_of(table, version: int | None = None) -> list:
    """The rows as delta-rs reads them. Columns of plain types only: a row is the document."""
    return DeltaTable(str(table), version=version).to_pyarrow_table().to_pylist()


def version_of(table) -> int:
    return DeltaTable(str(table)).version()


def identity(document: dict, partition_key: str = "id") -> tuple:
    return (document[partition_key], document["id"])


def by_identity(documents: list, partition_key: str = "id") -> dict:
    found = {
        identity(document, partition_key): without_service_properties(document)
        for document in documents
    }
    assert len(found) == len(documents), "an identity is there twice"
    return found


def assert_same(found: dict, expected: dict, where: str = "") -> None:
    """Compares full sets, and names what differs."""
    if found == expected:
        return
    lines = [f"the container differs from the table {where}"]
    for key in sorted(found.keys() | expected.keys(), key=str):
        if found.get(key) != expected.get(key):
            lines.append(f"  {key}: container {found.get(key)}, table {expected.get(key)}")
    raise AssertionError("\n".join(lines[:30]))


def assert_equal(workspace, table, version=None, partition_key="id", container="items", where=""):
    found = by_identity(workspace.documents(container), partition_key)
    assert_same(found, by_identity(rows_of(table, version), partition_key), where)


def assert_adds_up(summary: dict) -> dict:
    """The one formula (docs/contract.md, I4), counted anew. Returns the counts."""
    for part in (summary, summary.get("load", summary)):
        counts = part["counts"]
        assert counts["adds_up"] is True, counts
        upserted = ("inserted", "replaced", "inserted_or_replaced")
        terms = set(counts) - {"read", "adds_up", *upserted}
        assert counts["read"] == sum(counts[term] for term in terms), counts
        assert counts["upserted"] == sum(counts[term] for term in upserted), counts
    return summary["counts"]
