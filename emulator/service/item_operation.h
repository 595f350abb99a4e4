// ItemOperation: one thing to do to one document, checked as far as that goes without looking into
// the store; ItemExecutor does it. Point requests, atomic batches and bulk requests are made of
// these.
#ifndef SPILLWAY_EMULATOR_SERVICE_ITEM_OPERATION_H_
#define SPILLWAY_EMULATOR_SERVICE_ITEM_OPERATION_H_

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "emulator/json/document_scan.h"
#include "emulator/service/http_message.h"
#include "emulator/service/partition_key.h"
#include "emulator/service/patch.h"
#include "emulator/store/account.h"

namespace spillway::emulator {

inline constexpr uint64_t kDocumentBytesMax = 2 * 1024 * 1024;
inline constexpr size_t kIdBytesMax = 1023;

struct ItemOperation {
  enum class Kind { kCreate, kUpsert, kReplace, kDelete, kRead, kPatch };
  Kind kind = Kind::kRead;
  std::string epk;
  std::string id;
  // For replace: the document to replace, when the new one has another id; empty: the same.
  std::string replaced_id;
  ScannedDocument document;  // for create, upsert, replace
  std::optional<Patch> patch;
  std::string if_match;
  std::string if_none_match;
  bool wants_body = true;
};

// What a document brings along, checked: its id, key, size and time to live. `key` is the key that
// the request names, if it does; 400/1001 when the document says otherwise.
Outcome<ItemOperation> DocumentOperation(ItemOperation::Kind kind, std::string_view json,
                                         const std::optional<KeyValues>& key,
                                         const ContainerSettings& settings);
// For operations on a document that exists. Fails when the key is not complete.
Outcome<ItemOperation> TargetOperation(ItemOperation::Kind kind, std::string id,
                                       const KeyValues& key, const ContainerSettings& settings);

// Whether the client wants to have back what it writes; clients say so in one of two headers.
bool WantsBody(const Request& request);

struct OperationResult {
  int status = 200;
  int substatus = 0;
  double charge = 0;
  std::string etag;  // quoted; empty when there is none
  std::string body;  // the document; empty when there is none, or it was not wanted
  std::string message;
  std::optional<std::chrono::milliseconds> retry_after;
  uint64_t item_lsn = 0;

  bool ok() const { return status < 300 || status == 304; }
};

// Does operations on one partition. Lives inside one request; its methods REQUIRE the partition's
// mutex and the container's topology held for as long as it lives.
class ItemExecutor {
 public:
  // `atomic`: remembers how to undo.
  ItemExecutor(Account* account, const Container* container, Partition* partition,
               std::string container_name, bool atomic, const Admission& admission = {});

  OperationResult Execute(ItemOperation operation);
  // For atomic batches, when all is done: takes what they cost in one, so that nothing is done by
  // halves and a batch greater than the bucket finds it full. The 429 when it does not fit.
  std::optional<OperationResult> PayAtOnce();
  // Undoes everything; the documents, LSNs and unique keys are as before.
  void RollBack();
  // Hands what was written to the journal and the history. Nothing may be acknowledged before, nor
  // when it fails.
  std::optional<ServiceError> Commit();

 private:
  struct Undo {
    Item* item = nullptr;                // inserted or replaced
    std::unique_ptr<Item> erased;        // or erased
    std::optional<Item> content_before;  // of a replaced one
  };

  OperationResult Read(const ItemOperation& operation, const Item* item);
  OperationResult Create(ItemOperation& operation);
  OperationResult Replace(ItemOperation& operation, Item* item, const char* name);
  OperationResult Rename(ItemOperation& operation, Item* item);
  OperationResult Delete(const ItemOperation& operation, Item* item);
  OperationResult ApplyPatch(ItemOperation& operation, Item* item);

  // Takes the charge from the bucket; the 429 result when it does not fit. An atomic batch pays at
  // its end.
  double Price(double charge) const;
  std::optional<OperationResult> Throttle(double charge);
  std::optional<OperationResult> Take(double charge);
  OperationResult Failed(int status, int substatus, std::string message, double charge);
  // The failure, if the operation must not be done; charged as Failed is.
  std::optional<OperationResult> CheckIfMatch(const ItemOperation& operation, const Item& item);
  OperationResult Written(int status, const ItemOperation& operation, const Item& item,
                          double charge, const char* name);
  Item ContentOf(ItemOperation& operation);
  uint32_t IndexedProperties(uint32_t properties) const;
  void KeepVersion(ChangeRecord::Kind kind, const Item* before, const Item* after);
  void Record(const char* name, const Item& item, std::string_view document, uint64_t lsn,
              double charge);

  std::optional<OperationResult> CheckUniqueKeys(const std::vector<std::string>& names,
                                                 const Item* self);
  void SwapUniqueKeys(const Item* item, const std::vector<std::string>& before,
                      const std::vector<std::string>& after);

  Account& account_;
  const Container& container_;
  const ContainerSettings& settings_;
  Partition& partition_;
  const std::string container_name_;
  const bool atomic_;
  const Admission admission_;
  const uint32_t now_;
  const uint64_t lsn_before_;
  double unpaid_ = 0;
  size_t changes_added_ = 0;
  std::vector<Undo> undo_;
  std::vector<AppliedWrite> applied_;
  std::string journal_records_;
};

}  // namespace spillway::emulator

#endif  // SPILLWAY_EMULATOR_SERVICE_ITEM_OPERATION_H_
