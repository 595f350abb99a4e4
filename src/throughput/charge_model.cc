#include "throughput/charge_model.h"

#include <algorithm>
#include <bit>

namespace spillway {
namespace {

// Of a write, in what is learned of its kind: a price that has changed is known after some twenty.
constexpr double kWeightOfNewest = 0.2;

void Mix(std::atomic<double>& learned, double newest) {
  const double before = learned.load(std::memory_order_relaxed);
  const double mixed =
      before == 0 ? newest : before * (1 - kWeightOfNewest) + newest * kWeightOfNewest;
  learned.store(mixed, std::memory_order_relaxed);
}

size_t IntentIndex(Intent intent) {
  return intent == Intent::kDelete ? 1 : 0;
}

}  // namespace

// The place of the highest bit, and the two bits behind it.
size_t ChargeModel::ClassOf(const Document& document) {
  static_assert(kStepsOfDoubling == 4);
  const uint64_t bytes = std::max<uint64_t>(document.body.size(), kStepsOfDoubling);
  const auto doublings = static_cast<size_t>(std::bit_width(bytes)) - 1;
  const size_t step = (bytes >> (doublings - 2)) & (kStepsOfDoubling - 1);
  const size_t size = std::min(doublings * kStepsOfDoubling + step, kSizes - 1);
  return IntentIndex(document.intent) * kSizes + size;
}

double ChargeModel::Predict(const Document& document) const {
  if (expected_ == nullptr) return 1;
  const double learned = learned_[ClassOf(document)].load(std::memory_order_relaxed);
  if (learned > 0) return learned;
  const double proportion =
      proportion_[IntentIndex(document.intent)].load(std::memory_order_relaxed);
  return expected_(document.body.size()) * (proportion > 0 ? proportion : 1);
}

void ChargeModel::Learn(const Document& document, double charge) {
  if (expected_ == nullptr || charge <= 0) return;
  Mix(learned_[ClassOf(document)], charge);
  const double expected = expected_(document.body.size());
  if (expected > 0) Mix(proportion_[IntentIndex(document.intent)], charge / expected);
}

}  // namespace spillway
