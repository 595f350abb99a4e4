#include "sources/delta/commit_reader.h"

#include <algorithm>

namespace spillway {

size_t CommitReader::CountFor(int64_t version, int64_t known_latest) const {
  // A local file is opened faster than anything could be gained.
  if (table_->is_local() || known_latest <= version) return 1;
  const uint64_t left = static_cast<uint64_t>(known_latest - version) + 1;
  return static_cast<size_t>(std::min<uint64_t>(count_, left));
}

Result<std::optional<CommitFile>> CommitReader::Read(int64_t version, int64_t known_latest,
                                                     const CallContext& ctx) {
  if (ahead_.empty() || first_ahead_ != version) {
    ahead_.clear();
    ASSIGN_OR_RETURN(std::vector<CommitFile> read,
                     table_->ReadCommits(version, CountFor(version, known_latest), ctx));
    size_t bytes = 1;
    for (const CommitFile& file : read) bytes += file.content.size();
    const size_t bytes_each = bytes / std::max<size_t>(read.size(), 1) + 1;
    count_ =
        std::clamp<size_t>(kBytesAheadMax / bytes_each, 1, std::min(kCommitsAheadMax, 2 * count_));
    for (CommitFile& file : read) ahead_.push_back(std::move(file));
    first_ahead_ = version;
  }
  if (ahead_.empty()) return std::optional<CommitFile>();
  std::optional<CommitFile> file(std::move(ahead_.front()));
  ahead_.pop_front();
  ++first_ahead_;
  return file;
}

}  // namespace spillway
