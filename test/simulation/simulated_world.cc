#include "simulation/simulated_world.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <memory>
#include <utility>

namespace spillway {
namespace {

constexpr int kClockScale = 200;

}  // namespace

SimulatedWorld::SimulatedWorld(uint64_t seed, std::filesystem::path folder)
    : seed_(seed),
      folder_(std::move(folder)),
      random_(seed),
      clock_(kClockScale),
      store_(seed, folder_, clock_),
      destination_(clock_, seed) {
  std::filesystem::remove_all(folder_);
  documents_.id_columns = {"id"};
  documents_.partition_key_paths = {"/category"};
  documents_.filter = "value >= 0";
}

SimulatedWorld::~SimulatedWorld() {
  std::filesystem::remove_all(folder_);
}

void SimulatedWorld::DrawFaults(std::chrono::milliseconds settle) {
  MemoryFaults faults;
  faults.late_max = settle - std::chrono::milliseconds(50);
  const auto perhaps = [this](double most) {
    return Chance(0.4) ? std::uniform_real_distribution<>(0, most)(random_) : 0.0;
  };
  faults.throttled = perhaps(0.2);
  faults.retry = perhaps(0.1);
  faults.unsure_applied = perhaps(0.05);
  faults.unsure_lost = perhaps(0.05);
  faults.unsure_late = perhaps(0.1);
  faults.call_throttled = perhaps(0.2);
  faults.call_unavailable = perhaps(0.1);
  faults.call_unsure = perhaps(0.1);
  destination_.SetFaults(faults);
  plan_ += fmt::format(
      ", faults: rows {:.2f} throttled {:.2f} retry {:.2f} applied {:.2f} lost {:.2f} late, calls"
      " {:.2f} throttled {:.2f} unavailable {:.2f} unsure",
      faults.throttled, faults.retry, faults.unsure_applied, faults.unsure_lost, faults.unsure_late,
      faults.call_throttled, faults.call_unavailable, faults.call_unsure);
}

SimulatedWorld::End SimulatedWorld::DrawEnd() {
  return std::array{End::kCrash, End::kCrash, End::kStop, End::kSourceFails}[Draw(4)];
}

const char* SimulatedWorld::NameOf(End end) {
  switch (end) {
    case End::kLeftAlone:
      return "left alone";
    case End::kCrash:
      return "crash";
    case End::kStop:
      return "stop";
    case End::kSourceFails:
      return "source fails";
  }
  return "";
}

std::function<Status(uint32_t, uint64_t)> SimulatedWorld::FailingAfter(End end, uint64_t events) {
  return [end, events, batches = std::make_shared<std::atomic<uint64_t>>(0)](uint32_t, uint64_t) {
    const bool fails = end == End::kSourceFails && ++*batches == events;
    return fails ? Unavailable("the lake is away") : Status::Ok();
  };
}

}  // namespace spillway
