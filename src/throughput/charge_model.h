// ChargeModel: what a write is going to cost, learned from what writes like it have cost: of the
// same intent and nearly the same size. Until then, from what the destination expects of a
// document of that size, in the proportion in which it was right about others.
#ifndef SPILLWAY_THROUGHPUT_CHARGE_MODEL_H_
#define SPILLWAY_THROUGHPUT_CHARGE_MODEL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "model/document.h"

namespace spillway {

// Thread-safe: a figure that is being replaced is read as it was or as it will be.
class ChargeModel {
 public:
  // What one write of a document of so many bytes is expected to cost.
  using Expectation = double (*)(uint64_t document_bytes);

  // nullptr: every write costs 1, and nothing is learned.
  explicit ChargeModel(Expectation expected) : expected_(expected) {}

  double Predict(const Document& document) const;
  // `charge` is what this document's write has cost, applied or refused; 0 teaches nothing.
  void Learn(const Document& document, double charge);

 private:
  // Four to a doubling of the size, up to 2^23 bytes: a step of the price falls into few of them.
  static constexpr size_t kStepsOfDoubling = 4;
  static constexpr size_t kSizes = 24 * kStepsOfDoubling;
  static constexpr size_t kIntents = 2;

  static size_t ClassOf(const Document& document);

  const Expectation expected_;
  std::array<std::atomic<double>, kIntents * kSizes> learned_{};  // 0: nothing yet
  std::array<std::atomic<double>, kIntents> proportion_{};        // of charges to expectations
};

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_CHARGE_MODEL_H_
