// Partition: one physical partition (a partition key range) with its documents, its log sequence
// number and its request-unit bucket. One mutex; a request for one range takes exactly one.
#ifndef SPILLWAY_EMULATOR_STORE_PARTITION_H_
#define SPILLWAY_EMULATOR_STORE_PARTITION_H_

#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "emulator/store/item.h"
#include "emulator/store/token_bucket.h"

namespace spillway::emulator {

// What a range is in the list of ranges; fixed for its life.
struct RangeInfo {
  uint32_t number = 0;
  std::string id;  // the number as text
  std::string min;
  std::string max;                   // binary, half-open
  std::vector<std::string> parents;  // every generation, oldest first
};

// A version or delete that the all-versions change feed reports. Kept for containers that ask for
// it.
struct ChangeRecord {
  enum class Kind { kCreate, kReplace, kDelete };
  Kind kind = Kind::kCreate;
  bool expired = false;  // deleted by its time to live
  std::string epk;
  uint64_t lsn = 0;
  uint64_t previous_lsn = 0;
  uint32_t timestamp = 0;
  std::string current;   // JSON; empty for a delete
  std::string previous;  // JSON, of a deletion
};

class Partition {
 public:
  explicit Partition(RangeInfo info, uint64_t first_lsn = 0)
      : info_(std::move(info)), lsn_(first_lsn) {}

  const RangeInfo& info() const { return info_; }
  std::shared_ptr<TokenBucket> bucket = std::make_shared<TokenBucket>();
  // Between the announcement of a split or merge and its end: requests for the range are asked to
  // come back.
  std::atomic<bool> completing{false};
  std::mutex mutex;

  // Everything below REQUIRES `mutex`. Pointers to items stay valid until the item is erased.

  // nullptr when there is none, or its time to live is over.
  Item* Find(std::string_view epk, std::string_view id, uint32_t now);
  // Takes the next LSN for `item`. REQUIRES: no item has its key.
  Item* Insert(std::unique_ptr<Item> item);
  // Moves the new content into an item; its key, sequence and place stay. Takes the next LSN.
  void Replace(Item* item, Item content);
  void Erase(Item* item);

  // For roll-back and recovery: the same with the LSNs that the items have.
  Item* Restore(std::unique_ptr<Item> item);
  void RestoreContent(Item* item, Item content);
  std::unique_ptr<Item> Remove(Item* item);
  // Any one, or null when there is none.
  std::unique_ptr<Item> TakeAny();
  void RestoreLsn(uint64_t lsn) { lsn_ = lsn; }

  // Calls `visit(const Item&)` in order of (EPK, creation) for unexpired documents with an EPK in
  // [epk_min, epk_max), until it returns false. False when it did.
  template <typename Visit>
  bool Scan(std::string_view epk_min, std::string_view epk_max, uint32_t now, Visit visit) const;
  // The same in order of creation, as the service reads, for documents created after the one with
  // the sequence number `after`.
  template <typename Visit>
  bool ScanByCreation(std::string_view epk_min, std::string_view epk_max, uint64_t after,
                      uint32_t now, Visit visit);
  // nullptr when there is none.
  const Item* FindBySequence(uint64_t sequence);

  // Documents by the LSN of their last write, above `lsn`. Valid until the next write.
  const std::vector<const Item*>& ItemsByLsn();

  // Works out anew when every document expires.
  void SetDefaultTtl(const std::optional<int64_t>& seconds);

  // Drops documents whose time is over; at most `count_max` a call.
  void PurgeExpired(uint32_t now, size_t count_max);

  uint64_t lsn() const { return lsn_; }
  uint64_t NextLsn() { return ++lsn_; }
  size_t item_count() const { return by_key_.size(); }
  uint64_t body_bytes() const { return body_bytes_; }

  // Items whose EPK is at or above `bound` go to `high`, the others to `low`.
  void MoveItemsTo(std::string_view bound, Partition* low, Partition* high);

  std::deque<ChangeRecord> changes;
  // "which constraint, EPK, values" → holder. Kept by the code that checks unique keys.
  std::unordered_map<std::string, const Item*> unique_values;

 private:
  // The first bytes of the EPK decide nearly every comparison without touching the item.
  struct OrderEntry {
    uint64_t epk_prefix;
    const Item* item;
  };
  struct OrderProbe {
    uint64_t epk_prefix;
    std::string_view epk;
    uint64_t sequence;
  };
  struct OrderLess {
    using is_transparent = void;
    bool operator()(const OrderEntry& a, const OrderEntry& b) const;
    bool operator()(const OrderEntry& a, const OrderProbe& b) const;
    bool operator()(const OrderProbe& a, const OrderEntry& b) const;
  };
  using Order = std::set<OrderEntry, OrderLess>;

  static uint64_t EpkPrefix(std::string_view epk);
  static OrderEntry EntryOf(const Item* item) { return {EpkPrefix(item->epk()), item}; }
  using CreationOrder = std::map<uint64_t, const Item*>;  // by sequence

  Order::const_iterator ScanStart(std::string_view epk_min) const;
  static bool Below(std::string_view epk, std::string_view epk_max);
  bool Covers(std::string_view epk_min, std::string_view epk_max) const;
  // The documents of [epk_min, epk_max), unless they are so many that going through all is quicker.
  std::optional<CreationOrder> GatherFew(std::string_view epk_min, std::string_view epk_max) const;
  const CreationOrder& ByCreation();
  void Expire(Item* item);

  const RangeInfo info_;
  uint64_t lsn_;
  uint64_t body_bytes_ = 0;
  std::unordered_map<std::string_view, std::unique_ptr<Item>> by_key_;
  Order order_;
  std::set<std::pair<uint32_t, Item*>> by_expiry_;
  // Made by the first scan that wants it and kept from then on, so that loads do not pay for it.
  std::optional<CreationOrder> by_creation_;
  std::vector<const Item*> by_lsn_;
  bool by_lsn_valid_ = false;
};

template <typename Visit>
bool Partition::Scan(std::string_view epk_min, std::string_view epk_max, uint32_t now,
                     Visit visit) const {
  for (auto at = ScanStart(epk_min); at != order_.end(); ++at) {
    const Item& item = *at->item;
    if (!Below(item.epk(), epk_max)) return true;
    if (!item.ExpiredAt(now) && !visit(item)) return false;
  }
  return true;
}

template <typename Visit>
bool Partition::ScanByCreation(std::string_view epk_min, std::string_view epk_max, uint64_t after,
                               uint32_t now, Visit visit) {
  const bool whole = Covers(epk_min, epk_max);
  const std::optional<CreationOrder> few = whole ? std::nullopt : GatherFew(epk_min, epk_max);
  const CreationOrder& order = few ? *few : ByCreation();
  for (auto at = order.upper_bound(after); at != order.end(); ++at) {
    const Item& item = *at->second;
    const bool wanted = whole || few || (!Below(item.epk(), epk_min) && Below(item.epk(), epk_max));
    if (wanted && !item.ExpiredAt(now) && !visit(item)) return false;
  }
  return true;
}

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_STORE_PARTITION_H_
