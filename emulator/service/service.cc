#include "emulator/service/service.h"

#include <fmt/format.h>

#include <mutex>
#include <shared_mutex>

#include "emulator/service/charges.h"
#include "emulator/service/growth.h"
#include "emulator/service/handlers.h"
#include "emulator/service/resource_path.h"
#include "emulator/service/signature.h"
#include "emulator/service/throughput.h"
#include "emulator/store/recovery.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

Reply Unsupported() {
  ServiceError error;
  error.status = 501;
  error.message =
      "Stored procedures, triggers, functions, users, permissions, conflicts and attachments are "
      "not "
      "part of this server.";
  return error;
}

Reply Route(const Context& context) {
  switch (context.path.kind) {
    case ResourceKind::kAccount:
      return HandleAccount(context);
    case ResourceKind::kDatabases:
      return HandleDatabases(context);
    case ResourceKind::kDatabase:
      return HandleDatabase(context);
    case ResourceKind::kContainers:
      return HandleContainers(context);
    case ResourceKind::kContainer:
      return HandleContainer(context);
    case ResourceKind::kRanges:
      return HandleRanges(context);
    case ResourceKind::kItems:
      return HandleItems(context);
    case ResourceKind::kItem:
      return HandleItem(context);
    case ResourceKind::kPartitionKeyDelete:
      return HandlePartitionKeyDelete(context);
    case ResourceKind::kConflicts:
      return HandleConflicts(context);
    case ResourceKind::kOffers:
      return HandleOffers(context);
    case ResourceKind::kOffer:
      return HandleOffer(context);
    case ResourceKind::kUnsupported:
      return Unsupported();
  }
  return Unsupported();
}

// Unique enough to find a request in two logs.
std::string ActivityId(const Request& request, uint64_t version) {
  const std::string_view given = request.Header("x-ms-activity-id");
  if (!given.empty()) return std::string(given);
  return fmt::format("00000000-0000-4000-8000-{:012x}", version & 0xffffffffffff);
}

std::string UrlOf(const Request& request) {
  std::string url(request.secure ? "https://" : "http://");
  return url.append(request.Header("host")).append(request.target);
}

void Purge(Account* account, size_t per_partition_max) {
  const uint32_t now = account->clock.Seconds();
  std::shared_lock lock(account->mutex);
  for (const auto& [database_id, database] : account->databases()) {
    for (const auto& [id, container] : database->containers) {
      std::shared_lock topology(container->topology);
      for (const auto& partition : container->partitions()) {
        std::lock_guard partition_lock(partition->mutex);
        partition->PurgeExpired(now, per_partition_max);
      }
    }
  }
}

}  // namespace

std::optional<ServiceError> SaveCatalog(const Account& account) {
  const Status saved = account.SaveCatalog();
  if (saved.ok()) return std::nullopt;
  ServiceError error;
  error.status = 503;
  error.message = saved.message();
  return error;
}

Reply MethodNotAllowed() {
  ServiceError error;
  error.status = 405;
  error.message = "The requested verb is not supported.";
  return error;
}

Result<std::unique_ptr<Service>> Service::Make(ServerOptions options, const Clock& clock) {
  std::optional<std::string> key = DecodeBase64(options.key_base64);
  if (!key) return InvalidArgument("the account key is not base64");
  return std::unique_ptr<Service>(new Service(std::move(options), *std::move(key), clock));
}

Service::Service(ServerOptions options, std::string key, const Clock& clock)
    : options_(std::move(options)), key_(std::move(key)), account_(clock) {}

Reply Service::Handle(const Request& request) {
  const SteadyTime begun = account_.clock.Now();
  Reply reply = Dispatch(request);
  const std::chrono::duration<double, std::milli> took = account_.clock.Now() - begun;
  ++requests_;
  if (reply.status == 429) ++throttled_;
  if (reply.Header("x-ms-request-charge").empty()) {
    reply.Set("x-ms-request-charge", ChargeText(charges::kMetadata));
  }
  if (request.method == "GET") reply.Set("content-location", UrlOf(request));
  reply.Set("x-ms-activity-id", ActivityId(request, account_.NextVersion()));
  reply.Set("x-ms-request-duration-ms", fmt::format("{:.3f}", took.count()));
  reply.Set("x-ms-serviceversion", "version=2.14.0.0");
  reply.Set("x-ms-gatewayversion", "version=2.14.0");
  reply.Set("x-ms-schemaversion", "1.18");
  return reply;
}

Reply Service::Dispatch(const Request& request) {
  EMULATOR_TRY(const ResourcePath path, ParseResourcePath(request.target));
  EMULATOR_TRY(const std::optional<Grant> grant, Authorize(request, path));
  return Route({request, path, account_, options_, faults_, grant ? &*grant : nullptr});
}

Outcome<std::optional<Grant>> Service::Authorize(const Request& request,
                                                 const ResourcePath& path) const {
  if (!options_.check_signatures) return std::optional<Grant>();
  if (!options_.entra || !CarriesEntraToken(request)) {
    EMULATOR_CHECK(CheckSignature(request, path, key_, account_.clock.WallNow()));
    return std::optional<Grant>();
  }
  EMULATOR_TRY(Grant grant,
               CheckEntraToken(request, *options_.entra, key_, account_.clock.WallNow()));
  if (!IsDataPlane(request, path)) return NotInDataPlane(request);
  if (const auto action = DemandOf(request, path)) {
    EMULATOR_CHECK(CheckAction(grant, *action, path));
  }
  return std::optional<Grant>(std::move(grant));
}

Status Service::Upkeep() {
  PurgeExpired();
  {
    std::unique_lock lock(account_.mutex);
    if (!SettleAndGrow(account_, options_)) return Status::Ok();
  }
  return TopologyChanged();
}

void Service::ApplyThroughput() {
  std::unique_lock lock(account_.mutex);
  for (const auto& [id, database] : account_.databases()) {
    emulator::ApplyThroughput(account_, options_, database.get());
  }
}

Status Service::OpenData(const std::string& folder) {
  RETURN_IF_ERROR(OpenPersistent(folder, &account_));
  // Expiry is not recorded, but had its LSNs: they must be behind before the next write takes one,
  // which a reader of changes would else take for an old one.
  Purge(&account_, SIZE_MAX);
  ApplyThroughput();
  return Status::Ok();
}

Status Service::TopologyChanged() {
  ApplyThroughput();
  std::unique_lock lock(account_.mutex);
  return account_.SaveCatalog();
}

void Service::PurgeExpired() {
  constexpr size_t kPurgedPerPartitionMax = 10'000;
  Purge(&account_, kPurgedPerPartitionMax);
}

}  // namespace spillway::emulator
