"""Changes of tables that do not tell them: compared with an index of what was written."""

import pathlib
import shutil
import signal

import pytest
from deltalake import write_deltalake

from followed import DONE, FEED, merge, methods, rows
from mirror import assert_adds_up
from programs import wait_until

ASKED = ("index", "`changes: index` asks for it")


def change_some(followed):
    """Updates, an insert, deletes and a moved key."""
    merge(followed.table, rows([1, 2, 50], stock=900)).when_matched_update_all(
    ).when_not_matched_insert_all().execute()
    followed.table.delete("id = 'p0007' OR id = 'p0008'")
    followed.table.update(updates={"category": "'moved'"}, predicate="id = 'p0003'")


def vacuum(followed):
    """Takes away every file that the newest version does not name, and every older commit."""
    followed.vacuum()
    table = followed.table  # VACUUM is a commit or two
    table.create_checkpoint()
    newest = table.version()
    for commit in (followed.path / "_delta_log").glob("*.json"):
        if int(commit.stem) < newest:
            commit.unlink()


def index_folder(followed) -> pathlib.Path:
    return followed.workspace.folder / ".spillway" / "spill" / "p.index"


def is_begun(followed) -> bool:
    """A window was written down beside the base."""
    return len(list(index_folder(followed).glob("*.part"))) > 1


@pytest.mark.parametrize("feed", [False, True])
def test_a_table_without_log_or_old_files_is_followed(followed, feed):
    followed.create(feed=feed, sync={"changes": "index"})
    followed.sync()
    for _ in range(3):
        change_some(followed)
        vacuum(followed)
        summary = followed.sync()
        assert set(methods(summary)) == {ASKED}
        write_deltalake(str(followed.path), rows([7, 8]), mode="append")
    vacuum(followed)
    followed.sync()


def test_only_what_changed_is_written(followed):
    followed.create(sync={"changes": "index"})
    followed.sync()
    change_some(followed)
    summary = followed.sync()
    counts = summary["counts"]
    assert counts["upserted"] == 4  # two updates, an insert, the moved row
    assert counts["deleted"] == 3  # two, and where the moved row was
    assert counts["unchanged"] == 35
    assert counts["superseded"] == 2  # the old images of the updates
    assert_adds_up(summary)


@pytest.mark.parametrize("changes", ["auto", "diff"])
def test_the_index_stands_in_when_files_are_vacuumed(followed, changes):
    followed.create(feed=False, sync={"changes": changes, "index": True})
    followed.sync()
    change_some(followed)
    summary = followed.sync()
    assert {method for method, _ in methods(summary)} == {"files" if changes == "auto" else "diff"}
    change_some(followed)
    vacuum(followed)
    write_deltalake(str(followed.path), rows([8]), mode="append")
    summary = followed.sync()
    assert {method for method, _ in methods(summary)} == {"index"}
    followed.append([100, 101])
    summary = followed.sync()
    assert "index" not in {method for method, _ in methods(summary)}


def test_without_an_index_vacuumed_files_stop_the_run(followed):
    followed.create(feed=False)
    followed.sync()
    change_some(followed)
    vacuum(followed)
    assert followed.workspace.run("sync", "p", code=None).code != DONE


@pytest.mark.parametrize("changes", ["auto", "index"])
def test_a_table_that_was_replaced_is_compared(followed, changes):
    followed.create(sync={"changes": changes, "index": True})
    followed.sync()
    change_some(followed)
    followed.sync()
    shutil.rmtree(followed.path)
    write_deltalake(str(followed.path), rows(range(10, 45)), configuration=FEED)
    summary = followed.sync()
    assert {method for method, _ in methods(summary)} == {"index"}
    assert summary["counts"]["unchanged"] == 30
    followed.append([60])
    followed.sync()


def test_a_new_column_does_not_touch_the_other_documents(followed):
    import pyarrow as pa

    followed.create(feed=False, sync={"changes": "index"})
    followed.sync()
    more = rows([70]).append_column("colour", pa.array(["red"]))
    write_deltalake(str(followed.path), more, mode="append", schema_mode="merge")
    summary = followed.workspace.json("sync", "p")
    assert summary["counts"]["upserted"] == 1
    document = followed.workspace.container().read_item("p0070", "c1")
    assert document["colour"] == "red"


def test_a_damaged_index_is_said_and_made_anew_once_it_is_removed(followed):
    followed.create(sync={"changes": "index"})
    followed.sync()
    change_some(followed)
    for part in index_folder(followed).glob("*.part"):
        part.write_bytes(part.read_bytes()[:-1])
    stopped = followed.workspace.run("sync", "p", code=None)
    assert stopped.code != DONE
    assert "damaged" in stopped.stderr and "--resync" in stopped.stderr
    shutil.rmtree(index_folder(followed))
    followed.sync()


def test_a_killed_run_is_gone_on_with_when_its_version_is_gone(followed):
    followed.create(count=4_000, sync={"changes": "index"})
    followed.sync()
    for turn in range(4):
        followed.table.update(
            updates={"stock": f"stock + {turn + 1}"}, predicate="stock % 3 = 0"
        )
        followed.append(range(5_000 + 100 * turn, 5_100 + 100 * turn))
        process = followed.workspace.spillway.start("sync", "p", "--lanes", "1")
        wait_until(
            lambda: process.poll() is not None or is_begun(followed), "the run begins a window"
        )
        process.send_signal(signal.SIGKILL)
        process.wait()
        followed.table.delete(f"stock % 7 = {turn}")
        vacuum(followed)
        followed.sync()
