#include "emulator/store/partition.h"

#include <algorithm>

#include "base/check.h"
#include "destinations/cosmosdb/partition_hash.h"

namespace spillway::emulator {

using cosmosdb::CompareEpk;

uint64_t Partition::EpkPrefix(std::string_view epk) {
  uint64_t prefix = 0;
  for (size_t i = 0; i < 8; ++i) {
    prefix = prefix << 8 | (i < epk.size() ? static_cast<uint8_t>(epk[i]) : 0);
  }
  return prefix;
}

bool Partition::OrderLess::operator()(const OrderEntry& a, const OrderEntry& b) const {
  return (*this)(a, OrderProbe{b.epk_prefix, b.item->epk(), b.item->sequence});
}

bool Partition::OrderLess::operator()(const OrderEntry& a, const OrderProbe& b) const {
  if (a.epk_prefix != b.epk_prefix) return a.epk_prefix < b.epk_prefix;
  const auto order = CompareEpk(a.item->epk(), b.epk);
  return order != 0 ? order < 0 : a.item->sequence < b.sequence;
}

bool Partition::OrderLess::operator()(const OrderProbe& a, const OrderEntry& b) const {
  if (a.epk_prefix != b.epk_prefix) return a.epk_prefix < b.epk_prefix;
  const auto order = CompareEpk(a.epk, b.item->epk());
  return order != 0 ? order < 0 : a.sequence < b.item->sequence;
}

Partition::Order::const_iterator Partition::ScanStart(std::string_view epk_min) const {
  return order_.lower_bound(OrderProbe{EpkPrefix(epk_min), epk_min, 0});
}

bool Partition::Below(std::string_view epk, std::string_view epk_max) {
  return CompareEpk(epk, epk_max) < 0;
}

bool Partition::Covers(std::string_view epk_min, std::string_view epk_max) const {
  return CompareEpk(epk_min, info_.min) <= 0 && CompareEpk(epk_max, info_.max) >= 0;
}

std::optional<Partition::CreationOrder> Partition::GatherFew(std::string_view epk_min,
                                                             std::string_view epk_max) const {
  constexpr size_t kFewMax = 10'000;
  CreationOrder few;
  for (auto at = ScanStart(epk_min); at != order_.end() && Below(at->item->epk(), epk_max); ++at) {
    if (few.size() == kFewMax) return std::nullopt;
    few.emplace_hint(few.end(), at->item->sequence, at->item);
  }
  return few;
}

const Partition::CreationOrder& Partition::ByCreation() {
  if (!by_creation_) {
    by_creation_.emplace();
    for (const auto& [key, item] : by_key_) by_creation_->emplace(item->sequence, item.get());
  }
  return *by_creation_;
}

const Item* Partition::FindBySequence(uint64_t sequence) {
  const CreationOrder& order = ByCreation();
  const auto found = order.find(sequence);
  return found == order.end() ? nullptr : found->second;
}

Item* Partition::Find(std::string_view epk, std::string_view id, uint32_t now) {
  std::string key;
  key.reserve(epk.size() + id.size());
  key.append(epk).append(id);
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return nullptr;
  Item* item = found->second.get();
  if (!item->ExpiredAt(now)) return item;
  Expire(item);
  return nullptr;
}

Item* Partition::Insert(std::unique_ptr<Item> item) {
  item->lsn = NextLsn();
  return Restore(std::move(item));
}

Item* Partition::Restore(std::unique_ptr<Item> item) {
  Item* raw = item.get();
  const auto [at, inserted] = by_key_.emplace(raw->key, std::move(item));
  SPILLWAY_CHECK(inserted);
  order_.insert(EntryOf(raw));
  if (by_creation_) by_creation_->emplace_hint(by_creation_->end(), raw->sequence, raw);
  if (raw->expires_at != 0) by_expiry_.emplace(raw->expires_at, raw);
  body_bytes_ += raw->body.size();
  by_lsn_valid_ = false;
  return raw;
}

void Partition::Replace(Item* item, Item content) {
  content.lsn = NextLsn();
  RestoreContent(item, std::move(content));
}

void Partition::RestoreContent(Item* item, Item content) {
  body_bytes_ += content.body.size() - item->body.size();
  if (item->expires_at != 0) by_expiry_.erase({item->expires_at, item});
  if (content.expires_at != 0) by_expiry_.emplace(content.expires_at, item);
  item->body = std::move(content.body);
  item->lsn = content.lsn;
  item->version = content.version;
  item->timestamp = content.timestamp;
  item->expires_at = content.expires_at;
  item->ttl_seconds = content.ttl_seconds;
  item->properties = content.properties;
  by_lsn_valid_ = false;
}

void Partition::Erase(Item* item) {
  NextLsn();
  Remove(item);
}

std::unique_ptr<Item> Partition::Remove(Item* item) {
  body_bytes_ -= item->body.size();
  order_.erase(EntryOf(item));
  if (by_creation_) by_creation_->erase(item->sequence);
  if (item->expires_at != 0) by_expiry_.erase({item->expires_at, item});
  by_lsn_valid_ = false;
  auto node = by_key_.extract(item->key);
  SPILLWAY_CHECK(!node.empty());
  return std::move(node.mapped());
}

std::unique_ptr<Item> Partition::TakeAny() {
  return order_.empty() ? nullptr : Remove(const_cast<Item*>(order_.begin()->item));
}

void Partition::Expire(Item* item) {
  std::erase_if(unique_values, [&](const auto& entry) { return entry.second == item; });
  Erase(item);
}

void Partition::SetDefaultTtl(const std::optional<int64_t>& seconds) {
  by_expiry_.clear();
  for (const auto& [key, item] : by_key_) {
    item->expires_at = ExpiryOf(item->timestamp, item->ttl_seconds, seconds);
    if (item->expires_at != 0) by_expiry_.emplace(item->expires_at, item.get());
  }
}

void Partition::PurgeExpired(uint32_t now, size_t count_max) {
  while (count_max-- > 0 && !by_expiry_.empty() && by_expiry_.begin()->first <= now) {
    Expire(by_expiry_.begin()->second);
  }
}

const std::vector<const Item*>& Partition::ItemsByLsn() {
  if (!by_lsn_valid_) {
    by_lsn_.clear();
    by_lsn_.reserve(by_key_.size());
    for (const auto& [key, item] : by_key_) by_lsn_.push_back(item.get());
    std::sort(by_lsn_.begin(), by_lsn_.end(),
              [](const Item* a, const Item* b) { return a->lsn < b->lsn; });
    by_lsn_valid_ = true;
  }
  return by_lsn_;
}

void Partition::MoveItemsTo(std::string_view bound, Partition* low, Partition* high) {
  const auto side = [&](std::string_view epk) {
    return low == high || CompareEpk(epk, bound) < 0 ? low : high;
  };
  for (auto& [name, item] : unique_values) side(item->epk())->unique_values[name] = item;
  for (auto& [key, item] : by_key_) side(item->epk())->Restore(std::move(item));
  for (ChangeRecord& change : changes) side(change.epk)->changes.push_back(std::move(change));
  by_key_.clear();
  order_.clear();
  by_creation_.reset();
  by_expiry_.clear();
  unique_values.clear();
  changes.clear();
  by_lsn_valid_ = false;
  body_bytes_ = 0;
}

}  // namespace spillway::emulator
