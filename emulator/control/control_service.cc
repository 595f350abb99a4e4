#include "emulator/control/control_service.h"

#include <charconv>
#include <mutex>

#include "emulator/service/throughput.h"
#include "emulator/store/rid.h"

namespace spillway::emulator {
namespace {

constexpr size_t kHistoryPageDefault = 1000;
constexpr size_t kHistoryPageMax = 100'000;
constexpr double kWindowMsMax = 600'000;

Reply Ok(const Value& body = Object{}) {
  Reply reply;
  reply.body = ToJson(body);
  return reply;
}

Reply Failed(const Status& status) {
  return BadRequest(std::string(status.message()));
}

// Other sites' scripts can reach loopback ports through a browser, but not with these host names.
bool IsLocalHost(std::string_view host) {
  const std::string_view name =
      host.starts_with('[') ? host.substr(0, host.find(']') + 1) : host.substr(0, host.find(':'));
  return name == "localhost" || name == "127.0.0.1" || name == "[::1]";
}

uint64_t QueryNumber(std::string_view target, std::string_view name, uint64_t fallback) {
  const size_t at = target.find(std::string(name) + "=");
  if (at == std::string_view::npos) return fallback;
  const std::string_view text = target.substr(at + name.size() + 1);
  uint64_t number = fallback;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

struct Named {
  std::shared_ptr<Database> database;
  std::shared_ptr<Container> container;
};

// "database/container". REQUIRES: the account's mutex.
Named FindNamed(const Account& account, const Value& name) {
  Named named;
  if (!name.is_string()) return named;
  const size_t slash = name.string().find('/');
  bool by_rid = false;
  named.database = account.FindDatabase(name.string().substr(0, slash), &by_rid);
  if (named.database != nullptr && slash != std::string::npos) {
    named.container =
        Account::FindContainer(*named.database, name.string().substr(slash + 1), false);
  }
  return named;
}

Value RangeState(const Partition& partition) {
  const RangeInfo& info = partition.info();
  Array parents;
  for (const std::string& parent : info.parents) parents.emplace_back(parent);
  return Object{{"id", info.id},
                {"min", cosmosdb::EpkToHex(info.min)},
                {"max", cosmosdb::EpkToHex(info.max)},
                {"parents", std::move(parents)},
                {"items", static_cast<double>(partition.item_count())},
                {"bytes", partition.body_bytes()},
                {"lsn", partition.lsn()}};
}

// False, with nothing done, when one of the ranges is not there.
bool SetCompleting(Container* container, const std::vector<std::string>& ranges, bool completing) {
  std::shared_lock topology(container->topology);
  std::vector<Partition*> partitions;
  for (const std::string& range : ranges) {
    partitions.push_back(container->FindRange(range));
    if (partitions.back() == nullptr) return false;
  }
  for (Partition* partition : partitions) partition->completing = completing;
  return true;
}

double WindowMs(const Value& body) {
  const Value& window = body["window_ms"];
  return window.is_number() && window.number() > 0 ? std::min(window.number(), kWindowMsMax) : 0;
}

}  // namespace

Reply ControlService::Handle(const Request& request) {
  if (!IsLocalHost(request.Header("host"))) {
    ServiceError error;
    error.status = 403;
    error.message = "The control port answers to localhost only.";
    return error;
  }
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  Value body{Object{}};
  if (!request.body.empty()) {
    Result<Value> parsed = ParseJson(request.body);
    if (!parsed.ok()) return Failed(parsed.status());
    body = *std::move(parsed);
  }
  const bool post = request.method == "POST";
  if (path == "/" && request.method == "GET") return State();
  if (path == "/split" && post) return Split(body);
  if (path == "/merge" && post) return Merge(body);
  if (path == "/throughput" && post) return SetThroughput(body);
  if (path == "/price" && post) return SetPrice(body);
  if (path == "/clock" && post) return AdvanceClock(body);
  if (path == "/reset" && post) return Reset();
  if (path == "/faults") return Faults(request, "", body);
  if (path.starts_with("/faults/")) return Faults(request, path.substr(8), body);
  if (path == "/history") return History(request, body);
  return NotFoundError("There is no control operation " + std::string(request.method) + " " +
                       std::string(path) + ".");
}

Reply ControlService::State() const {
  Account& account = service_.account();
  std::shared_lock lock(account.mutex);
  Array containers;
  for (const auto& [database_id, database] : account.databases()) {
    for (const auto& [id, container] : database->containers) {
      std::shared_lock topology(container->topology);
      Array ranges;
      for (const auto& partition : container->partitions()) {
        std::lock_guard partition_lock(partition->mutex);
        ranges.push_back(RangeState(*partition));
      }
      containers.emplace_back(Object{{"name", database_id + "/" + id},
                                     {"rid", RidText(container->rid())},
                                     {"ranges", std::move(ranges)}});
    }
  }
  return Ok(Object{{"containers", std::move(containers)},
                   {"fault_rules", static_cast<double>(service_.faults().List().size())},
                   {"history", account.history.enabled()},
                   {"requests", service_.requests()},
                   {"throttled", service_.throttled()}});
}

Reply ControlService::Split(const Value& body) {
  Account& account = service_.account();
  std::shared_ptr<Container> container;
  {
    std::shared_lock lock(account.mutex);
    container = FindNamed(account, body["container"]).container;
  }
  if (container == nullptr || !body["range"].is_string()) {
    return BadRequest("split: give 'container' as 'database/container', and 'range'");
  }
  const std::string range = body["range"].string();
  return ChangeRanges(body, container, {range},
                      [service = &service_, container, range]() -> Status {
                        {
                          std::unique_lock topology(container->topology);
                          RETURN_IF_ERROR(container->Split(range));
                        }
                        return service->TopologyChanged();
                      });
}

Reply ControlService::Merge(const Value& body) {
  Account& account = service_.account();
  std::shared_ptr<Container> container;
  {
    std::shared_lock lock(account.mutex);
    container = FindNamed(account, body["container"]).container;
  }
  const Value& ranges = body["ranges"];
  if (container == nullptr || !ranges.At(0).is_string() || !ranges.At(1).is_string()) {
    return BadRequest("merge: give 'container', and 'ranges' as two neighbouring ids");
  }
  const std::string low = ranges.At(0).string();
  const std::string high = ranges.At(1).string();
  return ChangeRanges(body, container, {low, high},
                      [service = &service_, container, low, high]() -> Status {
                        {
                          std::unique_lock topology(container->topology);
                          RETURN_IF_ERROR(container->Merge(low, high));
                        }
                        return service->TopologyChanged();
                      });
}

Reply ControlService::ChangeRanges(const Value& body, const std::shared_ptr<Container>& container,
                                   const std::vector<std::string>& ranges,
                                   std::function<Status()> change) {
  const double window = WindowMs(body);
  if (window == 0) {
    const Status done = change();
    return done.ok() ? Ok() : Failed(done);
  }
  if (!SetCompleting(container.get(), ranges, true)) return BadRequest("there is no such range");
  run_after_(std::chrono::milliseconds(static_cast<int64_t>(window)),
             [container, ranges, change = std::move(change)] {
               if (!change().ok()) SetCompleting(container.get(), ranges, false);
             });
  return Ok();
}

Reply ControlService::SetThroughput(const Value& body) {
  const Value& manual = body["manual"];
  const Value& autoscale = body["autoscale"];
  if (manual.is_number() == autoscale.is_number()) {
    return BadRequest("throughput: give 'manual' or 'autoscale' in request units a second");
  }
  Account& account = service_.account();
  {
    std::unique_lock lock(account.mutex);
    const Named named = FindNamed(account, body["container"]);
    const std::string rid = named.container != nullptr  ? RidText(named.container->rid())
                            : named.database != nullptr ? RidText(named.database->rid)
                                                        : "";
    const auto offer = account.OfferOf(rid);
    if (offer == nullptr) return BadRequest("throughput: the container has none of its own");
    Shares shares = offer->throughput.shares;
    if (!body["buckets"].is_undefined()) {
      EMULATOR_TRY(shares, ParseShares(body["buckets"]));
    }
    offer->throughput = {.autoscale = autoscale.is_number(),
                         .units = autoscale.is_number() ? autoscale.number() : manual.number(),
                         .shares = shares};
    offer->pending.reset();
    offer->version = account.NextVersion();
  }
  const Status saved = service_.TopologyChanged();
  return saved.ok() ? Ok() : Failed(saved);
}

Reply ControlService::SetPrice(const Value& body) {
  const Value& factor = body["factor"];
  if (!factor.is_number() || factor.number() < 0.01 || factor.number() > 100) {
    return BadRequest("price: give 'factor', between 0.01 and 100");
  }
  service_.account().price = factor.number();
  return Ok();
}

Reply ControlService::Faults(const Request& request, std::string_view id, const Value& body) {
  FaultRules& rules = service_.faults();
  if (request.method == "POST") {
    if (body["seed"].is_number() && body.object().size() == 1) {
      rules.Seed(static_cast<uint64_t>(body["seed"].number()));
      return Ok();
    }
    Result<FaultRule> rule = FaultRules::Parse(body);
    if (!rule.ok()) return Failed(rule.status());
    const Result<uint64_t> added = rules.Add(*std::move(rule));
    return added.ok() ? Ok(Object{{"id", *added}}) : Failed(added.status());
  }
  if (request.method == "GET") {
    Array list;
    for (const FaultRule& rule : rules.List()) list.push_back(FaultRules::ToValue(rule));
    return Ok(Object{{"rules", std::move(list)}});
  }
  if (request.method != "DELETE") return NotFoundError();
  if (id.empty()) {
    rules.Clear();
    return Ok();
  }
  uint64_t number = 0;
  std::from_chars(id.data(), id.data() + id.size(), number);
  return rules.Remove(number) ? Ok() : Reply(NotFoundError("There is no such fault rule."));
}

Reply ControlService::History(const Request& request, const Value& body) {
  WriteHistory& history = service_.account().history;
  if (request.method == "DELETE") {
    history.Clear();
    return Ok();
  }
  if (request.method == "POST") {
    if (!body["enabled"].is_bool()) return BadRequest("history: give 'enabled' as true or false");
    history.Enable(body["enabled"].boolean());
    return Ok();
  }
  Array writes;
  const uint64_t count = QueryNumber(request.target, "count", kHistoryPageDefault);
  for (const AppliedWrite& write :
       history.From(QueryNumber(request.target, "from", 0), std::min(count, kHistoryPageMax))) {
    Value json = Object{{"number", write.number},  {"container", write.container},
                        {"range", write.range},    {"operation", write.operation},
                        {"id", write.id},          {"epk", write.epk_hex},
                        {"lsn", write.lsn},        {"charge", write.charge},
                        {"time_ms", write.time_ms}};
    if (!write.document.empty()) json.Set("document", *ParseJson(write.document));
    writes.push_back(std::move(json));
  }
  return Ok(Object{{"writes", std::move(writes)}, {"dropped", history.dropped()}});
}

Reply ControlService::AdvanceClock(const Value& body) {
  const Value& advance = body["advance_ms"];
  if (!advance.is_number() || advance.number() < 0 || advance.number() > 1e12) {
    return BadRequest("clock: give 'advance_ms', which is not negative");
  }
  service_.account().clock.Advance(
      std::chrono::milliseconds(static_cast<int64_t>(advance.number())));
  return Ok();
}

Reply ControlService::Reset() {
  Account& account = service_.account();
  std::unique_lock lock(account.mutex);
  account.Clear();
  service_.faults().Clear();
  account.history.Clear();
  account.price = 1;
  const Status saved = account.SaveCatalog();
  return saved.ok() ? Ok() : Failed(saved);
}

}  // namespace spillway::emulator
