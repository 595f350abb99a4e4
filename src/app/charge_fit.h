// ChargeFit: what a write costs by the size of its document, from charges that were measured: the
// straight line that fits them best (least squares). A price that goes up in steps has its mean on
// the line.
#ifndef SPILLWAY_APP_CHARGE_FIT_H_
#define SPILLWAY_APP_CHARGE_FIT_H_

#include <cstdint>

namespace spillway {

class ChargeFit {
 public:
  void Add(double bytes, double units);
  uint64_t count() const { return count_; }
  // Never below the cheapest charge of the measured. REQUIRES: count() > 0.
  double UnitsOf(double bytes) const;
  // Half of the 95 % interval of the mean charge of documents like the measured ones, as a share of
  // it: what the line leaves unexplained.
  double error() const;

 private:
  double slope() const;
  double intercept() const;

  uint64_t count_ = 0;
  // Means and sums of squared distances from them (Welford).
  double bytes_mean_ = 0;
  double units_mean_ = 0;
  double bytes_squares_ = 0;
  double units_squares_ = 0;
  double products_ = 0;
  double units_min_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_APP_CHARGE_FIT_H_
