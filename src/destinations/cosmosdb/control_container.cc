#include "destinations/cosmosdb/control_container.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/json_writer.h"
#include "destinations/cosmosdb/cosmos_json.h"

namespace spillway::cosmosdb {
namespace {

// The protocol's: members renew every 5 s, and twice that and one more without is the end.
constexpr int64_t kTtlSeconds = 11;
constexpr int64_t kNever = -1;
constexpr std::string_view kLedgerId = "ledger";
constexpr std::string_view kProbeId = "spillway-check";  // never there
constexpr std::string_view kLastId = "~";                // above every id of the protocol
constexpr double kLoadMin = 0.1;

// RFC 4648, section 5, without padding.
std::string Base64Url(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t bits = 0;
    const size_t bytes = std::min<size_t>(3, text.size() - i);
    for (size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < bytes ? static_cast<uint8_t>(text[i + k]) : 0U);
    }
    for (size_t k = 0; k <= bytes; ++k) out += kDigits[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string WholeNumber(double value) {
  return std::to_string(static_cast<int64_t>(value));
}

// As Java prints a double of a usual size: with a fraction, always.
std::string JavaDouble(double value) {
  JsonWriter json;
  json.Double(value);
  std::string text = json.text();
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

double NumberMember(const simdjson::dom::element& object, std::string_view name, double fallback) {
  double value = fallback;
  return object[name].get(value) == simdjson::SUCCESS ? value : fallback;
}

Result<ShareLedger> LedgerOf(const TableDocument& document) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(document.body, "the ledger"));
  ShareLedger ledger;
  ledger.etag = document.etag;
  for (const simdjson::dom::element part : ArrayMember(json.root(), "parts")) {
    ledger.parts.push_back({.member = std::string(StringMember(part, "member")),
                            .part = NumberMember(part, "part", 0),
                            .epoch = static_cast<uint64_t>(IntMember(part, "epoch"))});
  }
  return ledger;
}

Result<ShareNotice> NoticeOf(const TableDocument& document) {
  ASSIGN_OR_RETURN(const JsonDocument json, JsonDocument::Parse(document.body, "a client item"));
  ShareNotice notice;
  notice.load = std::max(NumberMember(json.root(), "loadFactor", 1), 0.0);
  notice.units_per_second = NumberMember(json.root(), "allocatedThroughput", 0);
  simdjson::dom::element ours;
  notice.foreign = json.root()["spillway"].get(ours) != simdjson::SUCCESS;
  notice.member = notice.foreign ? document.id : std::string(StringMember(ours, "member"));
  if (notice.foreign) return notice;
  notice.renewal = static_cast<uint64_t>(IntMember(ours, "renewal"));
  double wanted = 0;
  if (ours["wanted"].get(wanted) == simdjson::SUCCESS) notice.wanted = wanted;
  return notice;
}

class ControlContainer : public ShareBoard {
 public:
  ControlContainer(std::unique_ptr<DocumentTable> table, const ThroughputGroup& group, Clock& clock)
      : table_(std::move(table)),
        group_(group),
        clock_(clock),
        prefix_(group.database + "/" + group.container + "/" + group.name),
        encoded_key_(Base64Url(GroupKey(group))) {}

  std::string Describe() const override {
    return "throughput group " + group_.name + " in " + table_->Describe();
  }

  // To replace what is not there writes nothing, and needs the right to write.
  Status Check(const CallContext& ctx) override {
    Status there = table_->Check(ctx);
    if (there.code() == StatusCode::kNotFound) return Status::Ok();  // the first run makes it
    RETURN_IF_ERROR(Explained(std::move(there)));
    const TableWrite probe{TableWrite::Kind::kReplace,
                           std::string(kProbeId),
                           Item(std::string(kProbeId), Partition("client")) + "}",
                           {}};
    Status refused = table_->Write(Partition("client"), {&probe, 1}, ctx).status();
    if (refused.code() == StatusCode::kConflict) return Status::Ok();
    return Explained(std::move(refused)).WithContext(Describe());
  }

  Status Prepare(const CallContext& ctx) override {
    RETURN_IF_ERROR(Explained(table_->Prepare(ctx)));
    const TableWrite config{TableWrite::Kind::kCreate, encoded_key_ + ".info", ConfigItem(), {}};
    Status made = table_->Write(Partition("config"), {&config, 1}, ctx).status();
    // Another member was first. Without an answer it is there or not: nobody but people reads it.
    if (made.code() == StatusCode::kConflict || made.code() == StatusCode::kUnsure) {
      return Status::Ok();
    }
    return Explained(std::move(made)).WithContext(Describe());
  }

  Result<ShareLedger> ReadLedger(const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const std::optional<TableDocument> document,
                     table_->Read(Partition("spillway"), kLedgerId, ctx));
    if (!document.has_value()) return ShareLedger();
    return LedgerOf(*document);
  }

  Result<std::string> ReplaceLedger(const ShareLedger& next, const CallContext& ctx) override {
    const TableWrite write{
        next.etag.empty() ? TableWrite::Kind::kCreate : TableWrite::Kind::kReplace,
        std::string(kLedgerId), LedgerItem(next), next.etag};
    Result<std::vector<std::string>> etags = table_->Write(Partition("spillway"), {&write, 1}, ctx);
    if (!etags.ok()) return Explained(std::move(etags).status());
    return std::move(etags->front());
  }

  Result<std::vector<ShareNotice>> ReadNotices(const CallContext& ctx) override {
    ASSIGN_OR_RETURN(const std::vector<TableDocument> items,
                     table_->List(Partition("client"), "", kLastId, ctx));
    std::vector<ShareNotice> notices;
    for (const TableDocument& item : items) {
      ASSIGN_OR_RETURN(notices.emplace_back(), NoticeOf(item));
    }
    return notices;
  }

  Status WriteNotice(const ShareNotice& notice, const CallContext& ctx) override {
    if (initialized_.empty()) initialized_ = FormatUtc(clock_.WallNow(), true);
    const TableWrite write{
        TableWrite::Kind::kUpsert, encoded_key_ + notice.member, ClientItem(notice), {}};
    return Explained(table_->Write(Partition("client"), {&write, 1}, ctx).status());
  }

  Status RemoveNotice(const std::string& member, const CallContext& ctx) override {
    const TableWrite write{TableWrite::Kind::kDelete, encoded_key_ + member, {}, {}};
    return table_->Write(Partition("client"), {&write, 1}, ctx).status();
  }

 private:
  std::string Partition(std::string_view kind) const { return prefix_ + "." + std::string(kind); }

  // Without its last brace.
  static std::string Item(const std::string& id, const std::string& partition) {
    return "{\"id\":" + JsonQuoted(id) + ",\"" + std::string(kGroupPartition) +
           "\":" + JsonQuoted(partition);
  }

  std::string ConfigItem() const {
    const std::string units =
        group_.units_per_second.has_value() ? WholeNumber(*group_.units_per_second) : "";
    const std::string share = group_.share.has_value() ? JavaDouble(*group_.share) : "";
    return Item(encoded_key_ + ".info", Partition("config")) +
           ",\"targetThroughput\":" + JsonQuoted(units) +
           ",\"targetThroughputThreshold\":" + JsonQuoted(share) + ",\"isDefault\":false}";
  }

  std::string ClientItem(const ShareNotice& notice) const {
    JsonWriter ours;
    ours.BeginObject().Field("member", notice.member).Field("renewal", notice.renewal);
    if (notice.wanted.has_value()) ours.Field("wanted", *notice.wanted);
    ours.EndObject();
    return Item(encoded_key_ + notice.member, Partition("client")) +
           ",\"initializeTime\":" + JsonQuoted(initialized_) +
           ",\"loadFactor\":" + JavaDouble(std::clamp(notice.load, kLoadMin, 1.0)) +
           ",\"allocatedThroughput\":" + JavaDouble(notice.units_per_second) +
           ",\"ttl\":" + std::to_string(kTtlSeconds) + ",\"spillway\":" + ours.text() + "}";
  }

  std::string LedgerItem(const ShareLedger& ledger) const {
    JsonWriter parts;
    parts.BeginArray();
    for (const SharePart& part : ledger.parts) {
      parts.BeginObject().Field("member", part.member).Field("part", part.part);
      parts.Field("epoch", part.epoch).EndObject();
    }
    parts.EndArray();
    return Item(std::string(kLedgerId), Partition("spillway")) +
           ",\"ttl\":" + std::to_string(kNever) + ",\"parts\":" + parts.text() + "}";
  }

  static Status Explained(Status failed) {
    if (failed.code() != StatusCode::kPermissionDenied) return failed;
    return std::move(failed).WithHint(
        "members of a throughput group write into its control container: allow that (the role"
        " Cosmos DB Built-in Data Contributor on this container is enough once it exists), or take"
        " `throughput.group` out");
  }

  const std::unique_ptr<DocumentTable> table_;
  const ThroughputGroup group_;
  Clock& clock_;
  const std::string prefix_;
  const std::string encoded_key_;
  std::string initialized_;
};

}  // namespace

std::string GroupKey(const ThroughputGroup& group) {
  std::string key = group.database + "/" + group.container + "/" + group.name + "/";
  if (group.units_per_second.has_value()) key += "t-" + WholeNumber(*group.units_per_second);
  if (group.units_per_second.has_value() && group.share.has_value()) key += "_";
  if (group.share.has_value()) key += "tt-" + JavaDouble(*group.share);
  return key;
}

std::unique_ptr<ShareBoard> MakeControlContainer(std::unique_ptr<DocumentTable> table,
                                                 const ThroughputGroup& group, Clock& clock) {
  return std::make_unique<ControlContainer>(std::move(table), group, clock);
}

}  // namespace spillway::cosmosdb
