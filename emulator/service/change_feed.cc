#include "emulator/service/change_feed.h"

#include <strings.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <mutex>

#include "emulator/service/charges.h"
#include "emulator/service/item_scan.h"
#include "emulator/service/quota.h"
#include "emulator/service/session.h"
#include "emulator/service/signature.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr size_t kPageDefault = 100;
constexpr std::string_view kIncremental = "Incremental Feed";
constexpr std::string_view kFullFidelity = "Full-Fidelity Feed";

bool SameText(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Where a reader stands: an LSN for each range. Written `"12"` for one range, `"0:12,1:30"` for
// several.
struct Position {
  std::map<std::string, uint64_t, std::less<>> lsn_by_range;
  std::optional<uint64_t> lsn;  // of a token without ranges

  // A range that came of a split goes on where its parent was.
  uint64_t For(const RangeInfo& info) const {
    if (lsn) return *lsn;
    if (const auto found = lsn_by_range.find(info.id); found != lsn_by_range.end()) {
      return found->second;
    }
    uint64_t latest = 0;
    for (const std::string& parent : info.parents) {
      if (const auto found = lsn_by_range.find(parent); found != lsn_by_range.end()) {
        latest = std::max(latest, found->second);
      }
    }
    return latest;
  }
};

bool ReadNumber(std::string_view text, uint64_t* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return error == std::errc() && end == text.data() + text.size();
}

Outcome<Position> ParsePosition(std::string_view token) {
  const auto invalid = [&] {
    return BadRequest("The change feed position '" + std::string(token) + "' is invalid.");
  };
  std::string_view rest = token;
  if (rest.size() >= 2 && rest.starts_with('"') && rest.ends_with('"')) {
    rest = rest.substr(1, rest.size() - 2);
  }
  Position position;
  uint64_t lsn = 0;
  if (ReadNumber(rest, &lsn)) {
    position.lsn = lsn;
    return position;
  }
  while (!rest.empty()) {
    const std::string_view part = rest.substr(0, rest.find(','));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const size_t colon = part.find(':');
    if (colon == std::string_view::npos || !ReadNumber(part.substr(colon + 1), &lsn)) {
      return invalid();
    }
    position.lsn_by_range.emplace(part.substr(0, colon), lsn);
  }
  return position;
}

class FeedReader {
 public:
  FeedReader(const Context& context, const ContainerTarget& target, ScanScope scope,
             const Admission& admission)
      : context_(context),
        target_(target),
        scope_(std::move(scope)),
        admission_(admission),
        page_(PageSize(context.request, kPageDefault)),
        full_(SameText(context.request.Header("a-im"), kFullFidelity)) {}

  Outcome<Reply> Read() {
    EMULATOR_CHECK(ReadStart());
    std::vector<std::shared_ptr<Partition>> partitions;
    for (const auto& partition : target_.container->partitions()) {
      const RangeInfo& info = partition->info();
      if (cosmosdb::CompareEpk(info.max, scope_.min) > 0 &&
          cosmosdb::CompareEpk(info.min, scope_.max) < 0) {
        partitions.push_back(partition);
      }
    }
    std::vector<std::pair<std::string, uint64_t>> next;
    for (const auto& partition : partitions) {
      std::lock_guard lock(partition->mutex);
      next.emplace_back(partition->info().id, ReadRange(partition.get()));
      holding_.documents += partition->item_count();
      holding_.bytes += partition->body_bytes();
    }
    return MakeReply(next, partitions.front().get());
  }

 private:
  // From the headers: a position, "*" for now, a time, or nothing for the beginning.
  std::optional<ServiceError> ReadStart() {
    const std::string_view token = context_.request.Header("if-none-match");
    from_now_ = token == "*";
    if (!token.empty() && !from_now_) {
      EMULATOR_TRY(start_, ParsePosition(token));
    } else if (const std::string_view since = context_.request.Header("if-modified-since");
               !since.empty()) {
      const auto time = ParseRfc1123(since);
      if (!time) return BadRequest("The if-modified-since header is not an RFC 1123 date.");
      since_ = static_cast<uint32_t>(std::chrono::system_clock::to_time_t(*time));
      if (full_) return BadRequest("All versions and deletes cannot be read from a point in time.");
    }
    if (full_ && !target_.container->settings()->keeps_versions) {
      return BadRequest(
          "All versions and deletes are kept only for containers with a changeFeedPolicy.");
    }
    return std::nullopt;
  }

  // False when the page is full without it.
  bool Add(std::string text) {
    if (documents_.size() >= page_ || !PageHasRoom(documents_.size(), bytes_, text.size())) {
      return false;
    }
    bytes_ += text.size();
    documents_.push_back(std::move(text));
    return true;
  }

  // The LSN to go on from. REQUIRES: the partition's mutex.
  uint64_t ReadRange(Partition* partition) {
    const uint64_t start = from_now_ ? partition->lsn() : start_.For(partition->info());
    return full_ ? ReadVersions(*partition, start) : ReadLatest(partition, start);
  }

  uint64_t ReadLatest(Partition* partition, uint64_t start) {
    const uint32_t now = context_.account.clock.Seconds();
    const std::vector<const Item*>& items = partition->ItemsByLsn();
    auto at = std::upper_bound(items.begin(), items.end(), start,
                               [](uint64_t lsn, const Item* item) { return lsn < item->lsn; });
    uint64_t reached = start;
    for (; at != items.end(); ++at) {
      const Item& item = **at;
      if (item.timestamp >= since_ && !item.ExpiredAt(now) && InScope(item.epk())) {
        std::string text;
        AppendDocument(item, target_.container->rid(), target_.container->self(), &text);
        text.pop_back();
        text += ",\"_lsn\":" + std::to_string(item.lsn) + "}";
        if (!Add(std::move(text))) return reached;
      }
      reached = item.lsn;
    }
    return std::max(start, partition->lsn());
  }

  uint64_t ReadVersions(const Partition& partition, uint64_t start) {
    uint64_t reached = start;
    for (const ChangeRecord& change : partition.changes) {
      if (change.lsn <= start) continue;
      if (change.timestamp >= since_ && InScope(change.epk) && !Add(Envelope(change))) {
        return reached;
      }
      reached = change.lsn;
    }
    return std::max(start, partition.lsn());
  }

  std::string Envelope(const ChangeRecord& change) {
    const char* operation = change.kind == ChangeRecord::Kind::kCreate    ? "create"
                            : change.kind == ChangeRecord::Kind::kReplace ? "replace"
                                                                          : "delete";
    std::string text = "{\"current\":" + (change.current.empty() ? "{}" : change.current);
    text += ",\"metadata\":{\"operationType\":\"" + std::string(operation) +
            "\",\"lsn\":" + std::to_string(change.lsn) +
            ",\"crts\":" + std::to_string(change.timestamp) +
            ",\"previousImageLSN\":" + std::to_string(change.previous_lsn);
    if (change.expired) text += ",\"timeToLiveExpired\":true";
    if (change.kind == ChangeRecord::Kind::kDelete) text += DeletedKey(change);
    return text + "}}";
  }

  // A deletion has no current image: its metadata say which document it was.
  std::string DeletedKey(const ChangeRecord& change) const {
    const Value document = *ParseJson(change.previous);
    Value key{Object{}};
    for (const auto& path : target_.container->settings()->partition_key_paths) {
      const Value* value = &document;
      for (const std::string& name : path) value = &(*value)[name];
      if (!value->is_undefined()) key.Set(path.back(), *value);
    }
    return ",\"id\":" + ToJson(document["id"]) + ",\"partitionKey\":" + ToJson(key);
  }

  bool InScope(std::string_view epk) const {
    return cosmosdb::EpkInRange(epk, scope_.min, scope_.max);
  }

  Reply MakeReply(const std::vector<std::pair<std::string, uint64_t>>& next, Partition* first) {
    std::string etag = "\"";
    for (const auto& [range, lsn] : next) {
      if (etag.size() > 1) etag += ",";
      if (next.size() > 1) etag += range + ":";
      etag += std::to_string(lsn);
    }
    etag += "\"";
    Reply reply;
    if (documents_.empty()) {
      reply.status = 304;
    } else {
      reply = FeedReply(RidText(target_.container->rid()), "Documents", documents_);
    }
    reply.Set("etag", etag);
    const double charge = charges::Feed(bytes_);
    reply.Set("x-ms-request-charge", ChargeText(charge));
    std::lock_guard lock(first->mutex);
    first->bucket->Charge(charge, context_.account.clock.Now(), admission_);
    AddPartitionHeaders(target_, *first, &reply);
    AddQuota(context_.request, *target_.container, holding_, &reply);
    return reply;
  }

  const Context& context_;
  const ContainerTarget& target_;
  const ScanScope scope_;
  const Admission admission_;
  const size_t page_;
  const bool full_;
  bool from_now_ = false;
  uint32_t since_ = 0;
  Position start_;
  std::vector<std::string> documents_;
  size_t bytes_ = 0;
  Holding holding_;  // of the physical partitions that were read
};

}  // namespace

bool IsChangeFeed(const Request& request) {
  const std::string_view feed = request.Header("a-im");
  return SameText(feed, kIncremental) || SameText(feed, kFullFidelity);
}

Reply HandleChangeFeed(const Context& context) {
  EMULATOR_TRY(const ContainerTarget target, FindTarget(context));
  EMULATOR_TRY(ScanScope scope, RequestedScope(context.request, *target.container));
  EMULATOR_TRY(const Admission admission, StartReading(context, target, scope));
  EMULATOR_TRY(Reply reply, FeedReader(context, target, std::move(scope), admission).Read());
  return reply;
}

}  // namespace spillway::emulator
