#include "verify/recheck.h"

#include <memory>
#include <utility>
#include <vector>

#include "json/canonical_hash.h"
#include "json/json_member.h"

namespace spillway {
namespace {

class Checker {
 public:
  Checker(KeyReader& reader, const RepairWrites& writes, const RecheckOptions& options,
          const CallContext& ctx)
      : reader_(reader), writes_(writes), options_(options), ctx_(ctx) {}

  Status Check(const RecordLog<ImageRecord>& list, RecheckResult* result) {
    for (uint64_t first = 0; first < list.size();) {
      ASSIGN_OR_RETURN(const std::vector<ImageRecord> records,
                       list.Read(first, reader_.keys_max()));
      ASSIGN_OR_RETURN(const std::vector<std::optional<std::string>> bodies, Read(records));
      for (size_t i = 0; i < records.size(); ++i) {
        ASSIGN_OR_RETURN(const bool right, IsRight(records[i], bodies[i]));
        if (!right) ++result->still_different;
      }
      result->checked += records.size();
      first += records.size();
    }
    return Status::Ok();
  }

 private:
  Result<std::vector<std::optional<std::string>>> Read(std::span<const ImageRecord> records) {
    std::vector<std::string> texts(records.size());
    std::vector<DocumentKey> keys;
    for (size_t i = 0; i < records.size(); ++i) {
      const ImageRecord& record = records[i];
      RETURN_IF_ERROR(writes_.bytes().Read(
          record.offset, uint64_t{record.partition_key_bytes} + record.id_bytes, &texts[i]));
      const std::string_view text = texts[i];
      keys.push_back(
          {text.substr(0, record.partition_key_bytes), text.substr(record.partition_key_bytes)});
    }
    return PacedRead(reader_, options_.pace, keys, ctx_);
  }

  Result<bool> IsRight(const ImageRecord& record, const std::optional<std::string>& body) const {
    if (record.kind() == ImageKind::kUpsert) {
      if (!body.has_value()) return false;
      ASSIGN_OR_RETURN(const Hash128 found, CanonicalHash(*body, options_.ignored_fields));
      return found == record.content;
    }
    if (!body.has_value()) return true;
    if (!options_.soft_delete.has_value()) return false;
    return HasMember(*body, options_.soft_delete->field, options_.soft_delete->value);
  }

  KeyReader& reader_;
  const RepairWrites& writes_;
  const RecheckOptions& options_;
  const CallContext& ctx_;
};

}  // namespace

Result<RecheckResult> Recheck(Destination& destination, const RepairWrites& writes,
                              const RecheckOptions& options, const CallContext& ctx) {
  ASSIGN_OR_RETURN(const std::unique_ptr<KeyReader> reader, destination.OpenKeyReader(ctx));
  RecheckResult result;
  Checker checker(*reader, writes, options, ctx);
  RETURN_IF_ERROR(checker.Check(writes.upserts(), &result));
  RETURN_IF_ERROR(checker.Check(writes.removes(), &result));
  result.cost = reader->cost();
  return result;
}

}  // namespace spillway
