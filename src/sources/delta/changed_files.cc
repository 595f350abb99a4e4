#include "sources/delta/changed_files.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace spillway {
namespace {

using Action = LoggedFile::Action;
using Files = std::vector<LoggedFile>;

bool IsOfFeed(const LoggedFile& file) {
  return file.action == Action::kFeed;
}

// By their paths, the indexes of the removed files.
std::unordered_map<std::string_view, size_t> Removed(const Files& files) {
  std::unordered_map<std::string_view, size_t> removed;
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].action == Action::kRemove) removed.emplace(files[i].path, i);
  }
  return removed;
}

ChangedFile Alone(LoggedFile file) {
  const bool was = file.action == Action::kRemove;
  return {.file = std::move(file),
          .role = was ? BRIDGE_ROWS_WERE_LIVE : BRIDGE_ROWS_LIVE,
          .deletion_vector_before = {}};
}

// A file that is both added and removed has another deletion vector than before.
std::vector<ChangedFile> AddedAndRemoved(Files files) {
  constexpr size_t kAlone = SIZE_MAX;
  const auto removed = Removed(files);
  std::vector<size_t> twins(files.size(), kAlone);
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].action != Action::kAdd) continue;
    const auto twin = removed.find(files[i].path);
    if (twin == removed.end()) continue;
    twins[i] = twin->second;
    twins[twin->second] = i;
  }
  std::vector<ChangedFile> out;
  out.reserve(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    if (twins[i] == kAlone) {
      out.push_back(Alone(std::move(files[i])));
      continue;
    }
    if (twins[i] < i) continue;  // told with its twin
    LoggedFile& added = files[i].action == Action::kAdd ? files[i] : files[twins[i]];
    LoggedFile& before = files[i].action == Action::kAdd ? files[twins[i]] : files[i];
    if (added.deletion_vector_id == before.deletion_vector_id) continue;
    added.rows.reset();
    out.push_back({.file = std::move(added),
                   .role = BRIDGE_ROWS_BETWEEN_VECTORS,
                   .deletion_vector_before = std::move(before.deletion_vector)});
  }
  return out;
}

std::vector<ChangedFile> OfFeed(Files files) {
  std::vector<ChangedFile> out;
  out.reserve(files.size());
  for (LoggedFile& file : files) {
    out.push_back(
        {.file = std::move(file), .role = BRIDGE_ROWS_OF_FEED, .deletion_vector_before = {}});
  }
  return out;
}

}  // namespace

std::vector<ChangedFile> ChangedFilesOf(DeltaCommit commit, ChangeMethod method) {
  Files& files = commit.files;
  const bool has_feed = std::any_of(files.begin(), files.end(), IsOfFeed);
  if (has_feed && method == ChangeMethod::kFeed) {
    std::erase_if(files, [](const LoggedFile& file) { return !IsOfFeed(file); });
    return OfFeed(std::move(files));
  }
  if (commit.is_merge_of_nothing) return {};
  std::erase_if(files, IsOfFeed);
  return AddedAndRemoved(std::move(files));
}

}  // namespace spillway
