#include "app/write_costs.h"

#include <fmt/format.h>

#include "base/human.h"

namespace spillway {

double WriteCosts::UnitsOf(WriteKind kind, double bytes, double fields) const {
  if (const auto& fit = measured_[Index(kind)]) return fit->UnitsOf(bytes);
  return known() ? model_->UnitsOf(kind, bytes, fields) : 0;
}

double WriteCosts::error(WriteKind kind) const {
  const auto& fit = measured_[Index(kind)];
  return fit ? fit->error() : 0;
}

std::string WriteCosts::Basis(WriteKind kind) const {
  if (const auto& fit = measured_[Index(kind)]) {
    return fmt::format("measured: {} of the sample, by size",
                       HumanPlural(fit->count(), "document"));
  }
  return "by a model of published prices; --measure asks the service itself";
}

}  // namespace spillway
