#include "changes/delete_guard.h"

#include <fmt/format.h>

#include <algorithm>

namespace spillway {

Status DeleteGuard::Check(uint64_t deletes, uint64_t documents) {
  if (!options_.share.has_value() || deletes == 0) return Status::Ok();
  const uint64_t before = documents + deleted_;
  const uint64_t total = deletes + deleted_;
  const auto allowed = std::max(
      static_cast<uint64_t>(*options_.share * static_cast<double>(before)), options_.documents_min);
  const bool all = before > 1 && total >= before;
  if (total <= allowed && !all) {
    deleted_ = total;
    return Status::Ok();
  }
  return Conflict(fmt::format("pipeline {}: this run would delete {} of the {} documents in the"
                              " destination; the guard allows {} (delete_guard {}%, at least {})."
                              " Nothing of this has been written",
                              pipeline_, total, before,
                              all ? std::min(allowed, before - 1) : allowed, *options_.share * 100,
                              options_.documents_min))
      .WithHint(fmt::format("if they are meant to go, run: spillway {} --allow-deletes", command_));
}

}  // namespace spillway
