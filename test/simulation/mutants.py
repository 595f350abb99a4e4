#!/usr/bin/env python3
"""Planted bugs: does the simulation find what it is there to find?

Each mutant is one wrong line in the engine. The sources are copied, one mutant at a time is
planted, the simulation is built and run; a mutant that lives through all its seeds is a hole in
the proof, and this script fails. The copy is built in a folder of its own, so nothing here touches
the program.

    mutants.py --build build/mutants [--seeds 300] [--only NAME] [--list]
"""

import argparse
import filecmp
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RUN_SECONDS_MAX = 240  # a mutant that hangs is found too

CHANGES, LOADS = "*Changes*", "*Loads*"

# name: (what the bug is, simulation that finds it, file, right, wrong)
MUTANTS = {
    "position-saved-when-read": (
        "the checkpoint moves when a window was read, not when it is settled", CHANGES,
        "src/changes/change_run.cc",
        "  checkpoint_.begun_through = std::max(window.through, checkpoint_.version + 1);\n",
        "  checkpoint_.begun_through = std::max(window.through, checkpoint_.version + 1);\n"
        "  checkpoint_.version = window.through;\n"
        "  checkpoint_.position = window.position;\n"),
    "begun-window-not-stored": (
        "a window is sent without saying first that it has begun", CHANGES,
        "src/changes/change_run.cc",
        "  checkpoint_.begun_through = std::max(window.through, checkpoint_.version + 1);\n", ""),
    "begun-window-forgotten": (
        "a window that was cut off is read as one that never began", CHANGES,
        "src/changes/change_run.cc",
        "checkpoint_.begun_through > checkpoint_.version ? FinishBegunWindow() : Status::Ok()",
        "false ? FinishBegunWindow() : Status::Ok()"),
    "begun-window-cut-anew": (
        "a window that was cut off goes on with its progress, but ends elsewhere", CHANGES,
        "src/changes/change_follower.cc",
        "  RETURN_IF_ERROR(OpenLog(parts_.checkpoint.begun_through));\n"
        "  return reader_->Read({.after = parts_.checkpoint.version,\n"
        "                        .late_columns = parts_.checkpoint.late_columns,\n"
        "                        .exactly_through = parts_.checkpoint.begun_through});",
        "  RETURN_IF_ERROR(OpenLog(parts_.options.until));\n"
        "  return reader_->Read({.after = parts_.checkpoint.version,\n"
        "                        .late_columns = parts_.checkpoint.late_columns,\n"
        "                        .exactly_through = std::nullopt});"),
    "late-writes-not-awaited": (
        "after a crash, new versions are sent while old writes may still land", CHANGES,
        "src/changes/change_run.cc",
        "  RETURN_IF_ERROR(WaitUntil(parts_.clock, earlier_writes_landed_, ctx_));\n", ""),
    "deletes-sent-first": (
        "the old document of a moved key is deleted before the new one is written", CHANGES,
        "src/changes/window_delivery.cc",
        "  RETURN_IF_ERROR(SendList(sender, kUpserts, Intent::kUpsert));\n"
        "  return SendList(sender, kRemoves, Intent::kDelete);",
        "  RETURN_IF_ERROR(SendList(sender, kRemoves, Intent::kDelete));\n"
        "  return SendList(sender, kUpserts, Intent::kUpsert);"),
    "progress-of-the-other-list": (
        "a window that goes on takes the progress of the upserts for that of the deletes", CHANGES,
        "src/changes/window_delivery.cc",
        "    if (progress.split != list) continue;\n",
        "    if (progress.split > list + 1) continue;\n"),
    "last-of-a-list-not-sent": (
        "the last write of a change with several is not covered", CHANGES,
        "src/changes/change_sender.cc",
        "  while (first < records.size()) {", "  while (first + 1 < records.size()) {"),
    "old-image-written": (
        "old images are written as documents", CHANGES,
        "src/changes/image_collector.cc",
        "upserts ? ImageKind::kUpsert : ImageKind::kRemove",
        "upserts || !is_new ? ImageKind::kUpsert : ImageKind::kRemove"),
    "delete-beats-upsert": (
        "within a version the delete of the old image wins", CHANGES,
        "src/changes/collapse.cc",
        "    if (!version.upserts.empty()) {\n",
        "    if (!version.upserts.empty() && version.removes.empty()) {\n"),
    "unchanged-by-the-last-image": (
        "a document counts as unchanged when the last update changed nothing, whatever came before",
        CHANGES, "src/changes/collapse.cc",
        "    const OfVersion first(FirstVersion(images));",
        "    const OfVersion first(images.subspan(images.size() > 2 ? images.size() - 2 : 0));"),
    "retry-not-queued": (
        "a row is to be tried again and is never queued", CHANGES,
        "src/engine/delivery.cc",
        "  again_.push_back(item);\n  return CheckNotFailingTooLong(item, why);",
        "  RETURN_IF_ERROR(SetFate(item, RowFate::kUpserted));\n"
        "  return CheckNotFailingTooLong(item, why);"),
    "unsure-taken-as-done": (
        "a write whose outcome is unknown counts as applied", CHANGES,
        "src/engine/delivery.cc",
        "  SPILLWAY_CHECK(is_new);  // Collect holds newer documents of the key back\n",
        "  quarantine_.erase(entry);\n"
        "  RETURN_IF_ERROR(SetFate(item, RowFate::kUpserted));\n"),
    "results-matched-by-order": (
        "the outcomes of a write are matched to its documents in the wrong order", CHANGES,
        "src/engine/delivery.cc",
        "RETURN_IF_ERROR(JudgeFailure(items_[i], report.failures[failure++]));",
        "const size_t other = items_.size() - 1 - i;\n"
        "    RETURN_IF_ERROR(JudgeFailure(items_[other], report.failures[failure++]));"),
    "checkpoint-over-gaps": (
        "the checkpoint of a load passes rows that are not settled", LOADS,
        "src/engine/acknowledger.cc",
        "state.ahead.begin()->first == state.rows_settled", "true"),
    "part-counted-as-the-batch": (
        "the first part of a batch that is settled counts for all of them", LOADS,
        "src/engine/batch_parts.cc",
        "  if (--open_ > 0) return std::nullopt;\n",
        "  if (--open_ > 0) {\n"
        "    Whole early;\n"
        "    early.rows = whole_.rows;\n"
        "    early.counts = whole_.counts;\n"
        "    return early;\n"
        "  }\n"),
    "identities-not-synced": (
        "the checkpoint passes rows whose identities are not on disk", LOADS,
        "src/engine/acknowledger.cc",
        "  RETURN_IF_ERROR(options_.before_commit());\n", ""),
}

# What shows in few lives, and so is given more of them.
LIVES_TIMES = {"identities-not-synced": 5}


def copy_sources(target):
    """Only what differs, so that little is built anew."""
    tracked = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "src", "test", "cmake", "emulator",
         "capi", "bridge", "CMakeLists.txt", "CMakePresets.json", "VERSION"],
        cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    for name in tracked:
        right, copy = ROOT / name, target / name
        if not right.is_file():
            continue
        if copy.is_file() and filecmp.cmp(right, copy, shallow=False):
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(right, copy)


def build(target):
    if not (target / "build" / "build.ninja").exists():
        subprocess.run(["cmake", "-S", str(target), "-B", str(target / "build"), "-G", "Ninja",
                        "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1",
                        "-DSPILLWAY_BRIDGE=OFF"], check=True, stdout=subprocess.DEVNULL)
    done = subprocess.run(["cmake", "--build", str(target / "build"), "--target",
                           "simulation_test"], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"the mutant does not compile:\n{done.stdout[-3000:]}")
    return target / "build" / "test" / "simulation" / "simulation_test"


def lives(program, simulation, seeds):
    """True when no seed has found it."""
    environment = dict(os.environ, SPILLWAY_SIMULATION_SEEDS=str(seeds))
    try:
        done = subprocess.run([program, f"--gtest_filter={simulation}"], env=environment,
                              capture_output=True, timeout=RUN_SECONDS_MAX)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def plant(target, mutant):
    _, _, file, right, wrong = mutant
    path = target / file
    text = path.read_text()
    if text.count(right) != 1:
        sys.exit(f"{file} has changed: the line that the mutant replaces is there "
                 f"{text.count(right)} times:\n{right}")
    path.write_text(text.replace(right, wrong))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--only", action="append", choices=sorted(MUTANTS))
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    if arguments.list:
        for name, mutant in MUTANTS.items():
            print(f"{name}: {mutant[0]}")
        return 0
    target = arguments.build.resolve()
    target.mkdir(parents=True, exist_ok=True)
    alive = []
    for name in arguments.only or MUTANTS:
        copy_sources(target)
        plant(target, MUTANTS[name])
        seeds = arguments.seeds * LIVES_TIMES.get(name, 1)
        found = not lives(build(target), MUTANTS[name][1], seeds)
        print(f"{'found' if found else 'ALIVE'}  {name}: {MUTANTS[name][0]}", flush=True)
        if not found:
            alive.append(name)
    if alive:
        print(f"{len(alive)} planted bugs were not found: {', '.join(alive)}")
    return 1 if alive else 0


if __name__ == "__main__":
    sys.exit(main())
