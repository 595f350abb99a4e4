// Spatial functions over GeoJSON points (RFC 7946: longitude, then latitude, in degrees). Lines and
// polygons are refused.
#include <algorithm>
#include <cmath>
#include <numbers>
#include <optional>

#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {
namespace {

// WGS 84.
constexpr double kEquatorMeters = 6378137.0;
constexpr double kFlattening = 1 / 298.257223563;

struct Point {
  double longitude = 0;  // radians
  double latitude = 0;
};

std::optional<Point> PointOf(const Value& value, const FunctionContext& context) {
  for (const char* other : {"LineString", "Polygon", "MultiPolygon"}) {
    if (context.refusal != nullptr && value["type"] == Value(other)) {
      *context.refusal = "Spatial functions over lines and polygons are not part of this server.";
    }
  }
  if (!(value["type"] == Value("Point"))) return std::nullopt;
  const Value& coordinates = value["coordinates"];
  if (!coordinates.At(0).is_number() || !coordinates.At(1).is_number()) return std::nullopt;
  const double longitude = coordinates.At(0).number();
  const double latitude = coordinates.At(1).number();
  if (std::fabs(longitude) > 180 || std::fabs(latitude) > 90) return std::nullopt;
  return Point{longitude * std::numbers::pi / 180, latitude * std::numbers::pi / 180};
}

// Meters along the ellipsoid, by Lambert's formula for long lines: within some meters in a thousand
// kilometers.
double Distance(const Point& a, const Point& b) {
  const double reduced_a = std::atan((1 - kFlattening) * std::tan(a.latitude));
  const double reduced_b = std::atan((1 - kFlattening) * std::tan(b.latitude));
  const double sin_latitude = std::sin((reduced_b - reduced_a) / 2);
  const double sin_longitude = std::sin((b.longitude - a.longitude) / 2);
  const double half_chord = sin_latitude * sin_latitude + std::cos(reduced_a) *
                                                              std::cos(reduced_b) * sin_longitude *
                                                              sin_longitude;
  const double angle = 2 * std::asin(std::sqrt(std::min(1.0, half_chord)));
  if (angle == 0) return 0;
  const double sum = (reduced_a + reduced_b) / 2;
  const double difference = (reduced_b - reduced_a) / 2;
  const double sine = std::sin(angle);
  const double cos_half = std::cos(angle / 2);
  const double sin_half = std::sin(angle / 2);
  const double x = cos_half == 0
                       ? 0
                       : (angle - sine) * std::pow(std::sin(sum) * std::cos(difference), 2) /
                             (cos_half * cos_half);
  const double y =
      (angle + sine) * std::pow(std::cos(sum) * std::sin(difference), 2) / (sin_half * sin_half);
  return kEquatorMeters * (angle - kFlattening / 2 * (x + y));
}

Value StDistance(Arguments arguments, const FunctionContext& context) {
  const auto a = PointOf(arguments[0], context);
  const auto b = PointOf(arguments[1], context);
  return a && b ? Value(Distance(*a, *b)) : Value();
}

Value StIsValid(Arguments arguments, const FunctionContext& context) {
  if (!arguments[0].is_object()) return {};
  return PointOf(arguments[0], context).has_value();
}

constexpr Function kFunctions[] = {
    {"ST_DISTANCE", 2, 2, StDistance},
    {"ST_ISVALID", 1, 1, StIsValid},
};

}  // namespace

std::span<const Function> SpatialFunctions() {
  return kFunctions;
}

}  // namespace spillway::emulator::sql
