// ItemExecutor: the rules of single-document operations (cosmos-protocol: "Items").
#include <algorithm>
#include <utility>

#include "destinations/cosmosdb/partition_hash.h"
#include "emulator/service/charges.h"
#include "emulator/service/item_operation.h"
#include "emulator/service/throughput.h"
#include "emulator/sql/condition.h"
#include "emulator/store/unique_keys.h"

namespace spillway::emulator {
namespace {

constexpr std::string_view kPreconditionFailed = "One of the specified pre-condition is not met.";
constexpr std::string_view kNotFound = "Entity with the specified id does not exist in the system.";
constexpr std::string_view kExists = "Entity with the specified id already exists in the system.";
constexpr int kUniqueKeyViolated = 3301;
constexpr int kPatchConditionNotMet = 1110;

std::string EtagOf(const Item& item) {
  return EtagText(item.version, item.timestamp);
}

// Clients send etags with their quotes; without them is understood too.
bool EtagMatches(std::string_view wanted, const Item& item) {
  const std::string etag = EtagOf(item);
  return wanted == "*" || wanted == etag ||
         wanted == std::string_view(etag).substr(1, etag.size() - 2);
}

}  // namespace

ItemExecutor::ItemExecutor(Account* account, const Container* container, Partition* partition,
                           std::string container_name, bool atomic, const Admission& admission)
    : account_(*account),
      container_(*container),
      settings_(*container->settings()),
      partition_(*partition),
      container_name_(std::move(container_name)),
      atomic_(atomic),
      admission_(admission),
      now_(account->clock.Seconds()),
      lsn_before_(partition->lsn()) {}

OperationResult ItemExecutor::Execute(ItemOperation operation) {
  const bool renames = !operation.replaced_id.empty() && operation.replaced_id != operation.id;
  Item* item = partition_.Find(operation.epk, renames ? operation.replaced_id : operation.id, now_);
  switch (operation.kind) {
    case ItemOperation::Kind::kRead:
      return Read(operation, item);
    case ItemOperation::Kind::kCreate:
      if (item != nullptr) {
        return Failed(409, 0, std::string(kExists), charges::kFailedWrite);
      }
      return Create(operation);
    case ItemOperation::Kind::kUpsert:
      // A missing document has no etag, so the condition is ignored.
      if (item == nullptr) return Create(operation);
      if (!operation.if_none_match.empty() && EtagMatches(operation.if_none_match, *item)) {
        return Failed(412, 0, std::string(kPreconditionFailed), charges::kFailedWrite);
      }
      return Replace(operation, item, "replace");
    case ItemOperation::Kind::kReplace:
      if (item == nullptr) break;
      return renames ? Rename(operation, item) : Replace(operation, item, "replace");
    case ItemOperation::Kind::kDelete:
      if (item == nullptr) break;
      return Delete(operation, item);
    case ItemOperation::Kind::kPatch:
      if (item == nullptr) break;
      return ApplyPatch(operation, item);
  }
  return Failed(404, 0, std::string(kNotFound), charges::kFailedWrite);
}

OperationResult ItemExecutor::Failed(int status, int substatus, std::string message,
                                     double charge) {
  if (auto throttled = Throttle(charge)) return *std::move(throttled);
  OperationResult result;
  result.status = status;
  result.substatus = substatus;
  result.message = std::move(message);
  result.charge = charge;
  return result;
}

std::optional<OperationResult> ItemExecutor::CheckIfMatch(const ItemOperation& operation,
                                                          const Item& item) {
  if (operation.if_match.empty() || EtagMatches(operation.if_match, item)) return std::nullopt;
  return Failed(412, 0, std::string(kPreconditionFailed), charges::kFailedWrite);
}

double ItemExecutor::Price(double charge) const {
  return charges::Round(charge * account_.price.load(std::memory_order_relaxed));
}

std::optional<OperationResult> ItemExecutor::Throttle(double charge) {
  if (atomic_) {
    unpaid_ += charge;
    return std::nullopt;
  }
  return Take(charge);
}

std::optional<OperationResult> ItemExecutor::PayAtOnce() {
  return Take(std::exchange(unpaid_, 0));
}

std::optional<OperationResult> ItemExecutor::Take(double charge) {
  const auto refusal = partition_.bucket->TryTake(charge, account_.clock.Now(), admission_);
  if (!refusal) return std::nullopt;
  ServiceError error = RequestRateTooLarge(*refusal);
  OperationResult result;
  result.status = error.status;
  result.substatus = error.substatus;
  result.message = std::move(error.message);
  result.charge = error.charge;
  result.retry_after = error.retry_after;
  return result;
}

OperationResult ItemExecutor::Read(const ItemOperation& operation, const Item* item) {
  if (item == nullptr) {
    return Failed(404, 0, std::string(kNotFound), charges::kNotFoundRead);
  }
  OperationResult result;
  result.charge = charges::Read(item->body.size());
  if (auto throttled = Throttle(result.charge)) return *std::move(throttled);
  result.etag = EtagOf(*item);
  result.item_lsn = item->lsn;
  if (!operation.if_none_match.empty() && EtagMatches(operation.if_none_match, *item)) {
    result.status = 304;
    result.charge = charges::kNotModifiedRead;
    return result;
  }
  AppendDocument(*item, container_.rid(), container_.self(), &result.body);
  return result;
}

Item ItemExecutor::ContentOf(ItemOperation& operation) {
  Item item;
  item.body = std::move(operation.document.body);
  item.version = account_.NextVersion();
  item.timestamp = now_;
  item.properties = operation.document.properties;
  if (operation.document.has_ttl) {
    item.ttl_seconds = static_cast<int32_t>(operation.document.ttl_seconds);
  }
  item.expires_at = ExpiryOf(now_, item.ttl_seconds, settings_.default_ttl_seconds);
  return item;
}

OperationResult ItemExecutor::Create(ItemOperation& operation) {
  const std::vector<std::string> unique = UniqueNames(settings_, operation.epk, operation.document);
  if (auto failed = CheckUniqueKeys(unique, nullptr)) return *std::move(failed);
  const double charge = Price(charges::Create(operation.document.body.size(),
                                              IndexedProperties(operation.document.properties)));
  if (auto throttled = Throttle(charge)) return *std::move(throttled);
  auto item = std::make_unique<Item>(ContentOf(operation));
  item->key.reserve(operation.epk.size() + operation.id.size());
  item->key.append(operation.epk).append(operation.id);
  item->epk_bytes = static_cast<uint32_t>(operation.epk.size());
  // Rids rise even when the write is rolled back.
  item->sequence = const_cast<Container&>(container_).NextSequence();
  Item* stored = partition_.Insert(std::move(item));
  SwapUniqueKeys(stored, {}, unique);
  KeepVersion(ChangeRecord::Kind::kCreate, nullptr, stored);
  if (atomic_) undo_.push_back({stored, nullptr, std::nullopt});
  return Written(201, operation, *stored, charge, "create");
}

OperationResult ItemExecutor::Replace(ItemOperation& operation, Item* item, const char* name) {
  if (auto failed = CheckIfMatch(operation, *item)) return *std::move(failed);
  const std::vector<std::string> unique = UniqueNames(settings_, operation.epk, operation.document);
  if (auto failed = CheckUniqueKeys(unique, item)) return *std::move(failed);
  const double charge = Price(charges::Replace(operation.document.body.size(),
                                               IndexedProperties(operation.document.properties)));
  if (auto throttled = Throttle(charge)) return *std::move(throttled);
  SwapUniqueKeys(item, UniqueNamesOf(settings_, *item), unique);
  std::optional<Item> before;
  if (atomic_ || settings_.keeps_versions) before = *item;
  partition_.Replace(item, ContentOf(operation));
  KeepVersion(ChangeRecord::Kind::kReplace, before ? &*before : nullptr, item);
  if (atomic_) undo_.push_back({item, nullptr, std::move(before)});
  return Written(200, operation, *item, charge, name);
}

// The document keeps its rid under its new id.
OperationResult ItemExecutor::Rename(ItemOperation& operation, Item* item) {
  if (auto failed = CheckIfMatch(operation, *item)) return *std::move(failed);
  if (partition_.Find(operation.epk, operation.id, now_) != nullptr) {
    return Failed(409, 0, std::string(kExists), charges::kFailedWrite);
  }
  const std::vector<std::string> unique = UniqueNames(settings_, operation.epk, operation.document);
  if (auto failed = CheckUniqueKeys(unique, item)) return *std::move(failed);
  const double charge = Price(charges::Replace(operation.document.body.size(),
                                               IndexedProperties(operation.document.properties)));
  if (auto throttled = Throttle(charge)) return *std::move(throttled);
  SwapUniqueKeys(item, UniqueNamesOf(settings_, *item), {});
  std::unique_ptr<Item> erased = partition_.Remove(item);
  Record("replace", *erased, {}, partition_.NextLsn(), 0);
  auto renamed = std::make_unique<Item>(ContentOf(operation));
  renamed->key = operation.epk + operation.id;
  renamed->epk_bytes = erased->epk_bytes;
  renamed->sequence = erased->sequence;
  Item* stored = partition_.Insert(std::move(renamed));
  SwapUniqueKeys(stored, {}, unique);
  KeepVersion(ChangeRecord::Kind::kReplace, erased.get(), stored);
  if (atomic_) {
    undo_.push_back({nullptr, std::move(erased), std::nullopt});
    undo_.push_back({stored, nullptr, std::nullopt});
  }
  return Written(200, operation, *stored, charge, "replace");
}

OperationResult ItemExecutor::Delete(const ItemOperation& operation, Item* item) {
  if (auto failed = CheckIfMatch(operation, *item)) return *std::move(failed);
  OperationResult result;
  result.status = 204;
  result.charge = Price(charges::Delete(item->body.size(), IndexedProperties(item->properties)));
  if (auto throttled = Throttle(result.charge)) return *std::move(throttled);
  SwapUniqueKeys(item, UniqueNamesOf(settings_, *item), {});
  KeepVersion(ChangeRecord::Kind::kDelete, item, nullptr);
  result.item_lsn = partition_.NextLsn();
  std::unique_ptr<Item> erased = partition_.Remove(item);
  Record("delete", *erased, {}, result.item_lsn, result.charge);
  if (atomic_) undo_.push_back({nullptr, std::move(erased), std::nullopt});
  return result;
}

OperationResult ItemExecutor::ApplyPatch(ItemOperation& operation, Item* item) {
  if (auto failed = CheckIfMatch(operation, *item)) return *std::move(failed);
  std::string text;
  AppendDocument(*item, container_.rid(), container_.self(), &text);
  Value document = *ParseJson(text);
  if (!operation.patch->condition.empty()) {
    const Result<bool> met = ConditionHolds(operation.patch->condition, document);
    if (!met.ok()) {
      return Failed(400, 0, std::string(met.status().message()), charges::kFailedWrite);
    }
    if (!*met) {
      return Failed(412, kPatchConditionNotMet, std::string(kPreconditionFailed),
                    charges::kFailedWrite);
    }
  }
  if (auto error = ApplyOperations(*operation.patch, &document)) {
    return Failed(error->status, 0, std::move(error->message), charges::kFailedWrite);
  }
  text = ToJson(document);
  const size_t size = text.size();
  text.append(kJsonPaddingBytes, ' ');
  Outcome<ItemOperation> patched =
      DocumentOperation(ItemOperation::Kind::kReplace, std::string_view(text).substr(0, size),
                        std::nullopt, settings_);
  if (!patched.ok()) {
    return Failed(patched.error().status, patched.error().substatus,
                  std::move(patched.error().message), charges::kFailedWrite);
  }
  if (patched->epk != operation.epk) {
    return Failed(400, 0, "A patch cannot change the partition key.", charges::kFailedWrite);
  }
  patched->wants_body = operation.wants_body;
  return Replace(*patched, item, "patch");
}

OperationResult ItemExecutor::Written(int status, const ItemOperation& operation, const Item& item,
                                      double charge, const char* name) {
  OperationResult result;
  result.status = status;
  result.charge = charge;
  result.etag = EtagOf(item);
  result.item_lsn = item.lsn;
  if (operation.wants_body) {
    AppendDocument(item, container_.rid(), container_.self(), &result.body);
  }
  Record(name, item, item.body, item.lsn, charge);
  return result;
}

uint32_t ItemExecutor::IndexedProperties(uint32_t properties) const {
  return settings_.indexes_properties ? properties : 0;
}

void ItemExecutor::KeepVersion(ChangeRecord::Kind kind, const Item* before, const Item* after) {
  if (!settings_.keeps_versions) return;
  constexpr size_t kChangesMax = 1'000'000;
  ChangeRecord change;
  change.kind = kind;
  const Item& named = after != nullptr ? *after : *before;
  change.epk = named.epk();
  change.lsn = after != nullptr ? after->lsn : partition_.lsn() + 1;
  change.previous_lsn = before != nullptr ? before->lsn : 0;
  change.timestamp = now_;
  if (after != nullptr) {
    AppendDocument(*after, container_.rid(), container_.self(), &change.current);
  }
  if (after == nullptr) {
    Item previous = *before;
    previous.key = named.key;
    AppendDocument(previous, container_.rid(), container_.self(), &change.previous);
  }
  partition_.changes.push_back(std::move(change));
  ++changes_added_;
  if (partition_.changes.size() > kChangesMax) partition_.changes.pop_front();
}

void ItemExecutor::Record(const char* name, const Item& item, std::string_view document,
                          uint64_t lsn, double charge) {
  if (account_.journal != nullptr) {
    if (document.empty()) {
      AppendEraseRecord(container_.rid(), {item.key, item.epk_bytes, lsn}, &journal_records_);
    } else {
      AppendPutRecord(container_.rid(), item, &journal_records_);
    }
  }
  if (!account_.history.enabled()) return;
  AppliedWrite write;
  write.container = container_name_;
  write.range = partition_.info().id;
  write.operation = name;
  write.id = item.id();
  write.epk_hex = cosmosdb::EpkToHex(item.epk());
  if (!document.empty()) write.document = std::string(document) + "}";
  write.lsn = lsn;
  write.charge = charge;
  write.time_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                      account_.clock.WallNow().time_since_epoch())
                      .count();
  applied_.push_back(std::move(write));
}

std::optional<ServiceError> ItemExecutor::Commit() {
  if (!journal_records_.empty()) {
    const Status written = account_.journal->Append(journal_records_);
    if (!written.ok()) {
      ServiceError error;
      error.status = 503;
      error.message = written.message();
      return error;
    }
  }
  for (AppliedWrite& write : applied_) account_.history.Add(std::move(write));
  applied_.clear();
  undo_.clear();
  journal_records_.clear();
  changes_added_ = 0;
  return std::nullopt;
}

void ItemExecutor::RollBack() {
  for (auto undo = undo_.rbegin(); undo != undo_.rend(); ++undo) {
    if (undo->erased != nullptr) {
      const Item* restored = partition_.Restore(std::move(undo->erased));
      SwapUniqueKeys(restored, {}, UniqueNamesOf(settings_, *restored));
    } else if (undo->content_before) {
      SwapUniqueKeys(undo->item, UniqueNamesOf(settings_, *undo->item),
                     UniqueNamesOf(settings_, *undo->content_before));
      partition_.RestoreContent(undo->item, *std::move(undo->content_before));
    } else {
      SwapUniqueKeys(undo->item, UniqueNamesOf(settings_, *undo->item), {});
      partition_.Remove(undo->item);
    }
  }
  undo_.clear();
  applied_.clear();
  journal_records_.clear();
  for (; changes_added_ > 0; --changes_added_) partition_.changes.pop_back();
  partition_.RestoreLsn(lsn_before_);
}

// ---- unique keys: one name for each constraint and logical partition

std::optional<OperationResult> ItemExecutor::CheckUniqueKeys(const std::vector<std::string>& names,
                                                             const Item* self) {
  const bool violated = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto found = partition_.unique_values.find(name);
    return found != partition_.unique_values.end() && found->second != self &&
           !found->second->ExpiredAt(now_);
  });
  if (!violated) return std::nullopt;
  return Failed(409, kUniqueKeyViolated, "Unique index constraint violation.",
                charges::kFailedWrite);
}

void ItemExecutor::SwapUniqueKeys(const Item* item, const std::vector<std::string>& before,
                                  const std::vector<std::string>& after) {
  for (const std::string& name : before) partition_.unique_values.erase(name);
  for (const std::string& name : after) partition_.unique_values[name] = item;
}

}  // namespace spillway::emulator
