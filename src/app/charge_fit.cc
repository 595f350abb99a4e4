#include "app/charge_fit.h"

#include <algorithm>
#include <cmath>

namespace spillway {

void ChargeFit::Add(double bytes, double units) {
  units_min_ = count_ == 0 ? units : std::min(units_min_, units);
  ++count_;
  const double from_bytes = bytes - bytes_mean_;
  const double from_units = units - units_mean_;
  bytes_mean_ += from_bytes / static_cast<double>(count_);
  units_mean_ += from_units / static_cast<double>(count_);
  bytes_squares_ += from_bytes * (bytes - bytes_mean_);
  units_squares_ += from_units * (units - units_mean_);
  products_ += from_bytes * (units - units_mean_);
}

double ChargeFit::UnitsOf(double bytes) const {
  return std::max(units_min_, intercept() + slope() * bytes);
}

double ChargeFit::error() const {
  constexpr uint64_t kEstimated = 2;  // slope and intercept
  if (count_ <= kEstimated || units_mean_ <= 0) return 0;
  const double unexplained = std::max(0.0, units_squares_ - slope() * products_);
  const double variance = unexplained / static_cast<double>(count_ - kEstimated);
  return 1.96 * std::sqrt(variance / static_cast<double>(count_)) / units_mean_;
}

// Larger documents are never cheaper: what says so is chance.
double ChargeFit::slope() const {
  return bytes_squares_ > 0 ? std::max(0.0, products_ / bytes_squares_) : 0;
}

double ChargeFit::intercept() const {
  return units_mean_ - slope() * bytes_mean_;
}

}  // namespace spillway
