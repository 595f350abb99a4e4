#include "verify/key_scan.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "engine/encoded_split.h"
#include "engine/load_plan.h"
#include "engine/worker_group.h"

namespace spillway {
namespace {

constexpr uint32_t kThreads = 2;
constexpr std::chrono::milliseconds kTick{250};
constexpr uint64_t kBatchBytes = 2 << 20;

// The top of "/address/city" is "address".
std::string TopOf(const std::string& path) {
  return path.substr(1, path.find('/', 1) - 1);
}

}  // namespace

DocumentOptions KeysAlone(const DocumentOptions& documents) {
  DocumentOptions keys = documents;
  std::set<std::string> columns(documents.id_columns.begin(), documents.id_columns.end());
  if (documents.id_columns.empty()) columns.insert("id");
  keys.fields.clear();
  std::set<std::string> tops;
  for (const std::string& path : documents.partition_key_paths) {
    if (!path.empty()) tops.insert(TopOf(path));
  }
  std::set<std::string> filled;
  for (const FieldMapping& mapping : documents.fields) {
    const std::string top = mapping.field.substr(0, mapping.field.find('.'));
    if (!tops.contains(top)) continue;
    keys.fields.push_back(mapping);
    columns.insert(mapping.column);
    filled.insert(top);
  }
  for (const std::string& top : tops) {
    if (!filled.contains(top)) columns.insert(top);
  }
  keys.columns.assign(columns.begin(), columns.end());
  std::erase_if(keys.column_policies,
                [&](const auto& policy) { return !columns.contains(policy.first); });
  return keys;
}

Status TakeKnownKeys(const LoadParts& parts, const DocumentOptions& documents,
                     const VersionSelector& at, std::map<Hash128, uint64_t>& keys, RunStop& stop) {
  if (keys.empty()) return Status::Ok();
  const CallContext ctx{.stop = stop.token()};
  const DocumentOptions mapping = KeysAlone(documents);
  ASSIGN_OR_RETURN(const std::unique_ptr<Snapshot> snapshot,
                   OpenMapped(parts.source, mapping, at, kBatchBytes, ctx));
  ASSIGN_OR_RETURN(
      const std::unique_ptr<DocumentEncoder> encoder,
      DocumentEncoder::Make(mapping, snapshot->schema()->get(), parts.destination.capabilities()));
  std::set<Hash128> known;
  std::mutex mutex;  // of `known`
  const auto look = [&](const EncodedBatch& encoded) {
    for (const Document& document : encoded.documents) {
      if (!keys.contains(document.identity)) continue;
      std::lock_guard lock(mutex);
      known.insert(document.identity);
    }
    return Status::Ok();
  };
  const auto read = [&](uint32_t split) {
    return ReadEncoded(*snapshot, *encoder, split, Intent::kDelete, look, ctx);
  };
  RETURN_IF_ERROR(RunWorkers(static_cast<uint32_t>(snapshot->splits().size()), kThreads, read, stop,
                             parts.clock, kTick, [] {}));
  for (const Hash128& identity : known) keys.erase(identity);
  return Status::Ok();
}

}  // namespace spillway
