"""verify finds what somebody changed behind our back, and says so with exit code 5."""

MISMATCH = 5


def loaded(configured):
    workspace = configured("append")
    workspace.run("sync", "p")
    return workspace


def test_a_changed_a_missing_and_an_extra_document_are_found(configured):
    workspace = loaded(configured)
    container = workspace.container()
    changed = container.read_item("p0005", "p0005")
    container.upsert_item({**changed, "price": changed["price"] + 0.01})
    container.delete_item("p0006", "p0006")
    container.upsert_item({"id": "stranger"})
    report = workspace.json("verify", "p", code=MISMATCH)
    assert report["different"] == 1 and report["missing"] == 1 and report["extra"] == 1
    named = {difference["id"] for difference in report["differences"]}
    assert named == {"p0005", "p0006", "stranger"}


def test_null_is_not_absent(configured):
    workspace = configured("add_column")
    workspace.run("sync", "p")
    container = workspace.container()
    document = container.read_item("p0001", "p0001")
    assert document.pop("colour") is None
    container.upsert_item(document)
    report = workspace.json("verify", "p", code=MISMATCH)
    assert report["different"] == 1


def test_the_order_of_members_and_the_spelling_of_numbers_do_not_matter(configured):
    workspace = loaded(configured)
    container = workspace.container()
    document = container.read_item("p0002", "p0002")
    container.upsert_item({"stock": 2.0, **{k: document[k] for k in ("price", "category", "id")}})
    report = workspace.json("verify", "p")
    assert report["different"] == 0


def test_query_answers_with_documents(configured):
    workspace = loaded(configured)
    sql = "SELECT c.id, c.price FROM c WHERE c.category = 'c0'"
    found = workspace.run("query", "shop/items", sql).stdout
    assert "p0003" in found and "p0001" not in found
