// DivideShares: how a limit is divided among those who spend it together: everyone gets what it has
// use for, as long as nobody gets less than an equal part for the sake of another's more.
#ifndef SPILLWAY_THROUGHPUT_SHARE_DIVISION_H_
#define SPILLWAY_THROUGHPUT_SHARE_DIVISION_H_

#include <optional>
#include <vector>

namespace spillway {

// What a member keeps that has no use for anything: enough to begin with at once.
inline constexpr double kIdlePart = 0.002;

// The part of each; together `pool`. `wanted`: parts of the limit, nullopt: all it can get. What
// nobody wants is divided evenly, for whoever needs it next.
std::vector<double> DivideShares(double pool, const std::vector<std::optional<double>>& wanted);

}  // namespace spillway

#endif  // SPILLWAY_THROUGHPUT_SHARE_DIVISION_H_
