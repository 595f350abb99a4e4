// WriteHistory: every write that was applied, in the order it was applied, for checkers of the
// client: nothing else can tell whether a key ever went backwards. Off until the control port turns
// it on.
#ifndef SPILLWAY_EMULATOR_STORE_WRITE_HISTORY_H_
#define SPILLWAY_EMULATOR_STORE_WRITE_HISTORY_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace spillway::emulator {

struct AppliedWrite {
  uint64_t number = 0;    // rising, without gaps while the history is on
  std::string container;  // "database/container"
  std::string range;
  std::string operation;  // "create", "replace", "patch", "delete"
  std::string id;
  std::string epk_hex;
  std::string document;  // as written by the client, without system properties; empty for a delete
  uint64_t lsn = 0;
  double charge = 0;
  int64_t time_ms = 0;  // since 1970, by the server's clock
};

// Thread-safe. Bounded: the oldest writes are dropped, and counted.
class WriteHistory {
 public:
  static constexpr size_t kWritesMax = 4'000'000;

  bool enabled() const { return enabled_.load(std::memory_order_relaxed); }
  void Enable(bool enabled) { enabled_ = enabled; }

  void Add(AppliedWrite write) {
    std::lock_guard lock(mutex_);
    write.number = next_number_++;
    writes_.push_back(std::move(write));
    if (writes_.size() > kWritesMax) {
      writes_.pop_front();
      ++dropped_;
    }
  }

  // Up to `count_max` writes from `number` on.
  std::vector<AppliedWrite> From(uint64_t number, size_t count_max) const {
    std::lock_guard lock(mutex_);
    std::vector<AppliedWrite> found;
    const uint64_t first = next_number_ - writes_.size();
    for (uint64_t at = number > first ? number - first : 0;
         at < writes_.size() && found.size() < count_max; ++at) {
      found.push_back(writes_[at]);
    }
    return found;
  }

  uint64_t dropped() const {
    std::lock_guard lock(mutex_);
    return dropped_;
  }

  void Clear() {
    std::lock_guard lock(mutex_);
    writes_.clear();
    dropped_ = 0;
  }

 private:
  std::atomic<bool> enabled_{false};
  mutable std::mutex mutex_;
  std::deque<AppliedWrite> writes_;
  uint64_t next_number_ = 0;
  uint64_t dropped_ = 0;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_WRITE_HISTORY_H_
