// WriteCosts: what a write of a document costs: by the destination's model, or as it was measured.
#ifndef SPILLWAY_APP_WRITE_COSTS_H_
#define SPILLWAY_APP_WRITE_COSTS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "app/charge_fit.h"
#include "connector/partitioning.h"

namespace spillway {

class WriteCosts {
 public:
  // nullptr: the destination measures no cost.
  explicit WriteCosts(const Partitioning* model) : model_(model) {}

  bool known() const { return model_ != nullptr; }
  // What was measured of such writes holds instead of the model from now on. REQUIRES: known(), a
  // fit of one write or more.
  void SetMeasured(WriteKind kind, const ChargeFit& fit) { measured_[Index(kind)] = fit; }
  bool measured(WriteKind kind) const { return measured_[Index(kind)].has_value(); }

  // 0 when nothing is known.
  double UnitsOf(WriteKind kind, double bytes, double fields) const;
  // Of the measurement: ChargeFit::error; 0 for the model, which does not know its own.
  double error(WriteKind kind) const;
  // How the figures come about, for people.
  std::string Basis(WriteKind kind) const;

 private:
  static size_t Index(WriteKind kind) { return static_cast<size_t>(kind); }

  const Partitioning* model_;
  std::array<std::optional<ChargeFit>, 3> measured_;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_WRITE_COSTS_H_
