// Mathematical functions.
#include <cmath>
#include <numbers>

#include "emulator/sql/functions.h"

namespace spillway::emulator::sql {
namespace {

using Context = const FunctionContext&;

// One number in, one out; results that are no finite number are undefined.
template <double (*kCompute)(double)>
Value Unary(Arguments arguments, Context) {
  if (!arguments[0].is_number()) return {};
  const double result = kCompute(arguments[0].number());
  return std::isfinite(result) ? Value(result) : Value();
}

template <double (*kCompute)(double, double)>
Value Binary(Arguments arguments, Context) {
  if (!arguments[0].is_number() || !arguments[1].is_number()) return {};
  const double result = kCompute(arguments[0].number(), arguments[1].number());
  return std::isfinite(result) ? Value(result) : Value();
}

double Abs(double x) {
  return std::fabs(x);
}
double Acos(double x) {
  return std::acos(x);
}
double Asin(double x) {
  return std::asin(x);
}
double Atan(double x) {
  return std::atan(x);
}
double Atan2(double y, double x) {
  return std::atan2(y, x);
}
double Ceiling(double x) {
  return std::ceil(x);
}
double Cos(double x) {
  return std::cos(x);
}
double Cot(double x) {
  return 1 / std::tan(x);
}
double Degrees(double x) {
  return x * 180 / std::numbers::pi;
}
double Exp(double x) {
  return std::exp(x);
}
double Floor(double x) {
  return std::floor(x);
}
double Log10(double x) {
  return std::log10(x);
}
double Power(double x, double y) {
  return std::pow(x, y);
}
double Radians(double x) {
  return x * std::numbers::pi / 180;
}
double Sign(double x) {
  return x > 0 ? 1 : x < 0 ? -1 : 0;
}
double Sin(double x) {
  return std::sin(x);
}
double Sqrt(double x) {
  return std::sqrt(x);
}
double Square(double x) {
  return x * x;
}
double Tan(double x) {
  return std::tan(x);
}
double Trunc(double x) {
  return std::trunc(x);
}
double Bin(double x, double size) {
  return size > 0 ? std::floor(x / size) * size : NAN;
}

Value Log(Arguments arguments, Context) {
  if (!arguments[0].is_number()) return {};
  double result = std::log(arguments[0].number());
  if (arguments.size() > 1) {
    if (!arguments[1].is_number()) return {};
    result /= std::log(arguments[1].number());
  }
  return std::isfinite(result) ? Value(result) : Value();
}

Value Pi(Arguments, Context) {
  return std::numbers::pi;
}

// Halves away from zero.
Value Round(Arguments arguments, Context) {
  if (!arguments[0].is_number()) return {};
  if (arguments.size() == 1) return std::round(arguments[0].number());
  if (!arguments[1].is_number()) return {};
  const double scale = std::pow(10, std::trunc(arguments[1].number()));
  const double result = std::round(arguments[0].number() * scale) / scale;
  return std::isfinite(result) ? Value(result) : Value();
}

bool IsInteger(const Value& value) {
  return value.is_number() && std::trunc(value.number()) == value.number() &&
         std::fabs(value.number()) < 9.2e18;
}

template <int64_t (*kCompute)(int64_t, int64_t)>
Value Integers(Arguments arguments, Context) {
  if (!IsInteger(arguments[0]) || !IsInteger(arguments[1])) return {};
  return static_cast<double>(kCompute(static_cast<int64_t>(arguments[0].number()),
                                      static_cast<int64_t>(arguments[1].number())));
}

uint64_t Bits(int64_t value) {
  return static_cast<uint64_t>(value);
}
int64_t IntAdd(int64_t a, int64_t b) {
  return static_cast<int64_t>(Bits(a) + Bits(b));
}
int64_t IntSub(int64_t a, int64_t b) {
  return static_cast<int64_t>(Bits(a) - Bits(b));
}
int64_t IntMul(int64_t a, int64_t b) {
  return static_cast<int64_t>(Bits(a) * Bits(b));
}
int64_t IntAnd(int64_t a, int64_t b) {
  return a & b;
}
int64_t IntOr(int64_t a, int64_t b) {
  return a | b;
}
int64_t IntXor(int64_t a, int64_t b) {
  return a ^ b;
}
int64_t IntLeft(int64_t a, int64_t b) {
  return static_cast<int64_t>(Bits(a) << (b & 63));
}
int64_t IntRight(int64_t a, int64_t b) {
  return a >> (b & 63);
}

Value IntDivide(Arguments arguments, Context) {
  if (!IsInteger(arguments[0]) || !IsInteger(arguments[1]) || arguments[1].number() == 0) return {};
  return std::trunc(arguments[0].number() / arguments[1].number());
}

Value IntModulo(Arguments arguments, Context) {
  if (!IsInteger(arguments[0]) || !IsInteger(arguments[1]) || arguments[1].number() == 0) return {};
  return std::fmod(arguments[0].number(), arguments[1].number());
}

Value IntNot(Arguments arguments, Context) {
  if (!IsInteger(arguments[0])) return {};
  return static_cast<double>(~static_cast<int64_t>(arguments[0].number()));
}

constexpr Function kFunctions[] = {
    {"ABS", 1, 1, Unary<Abs>},
    {"ACOS", 1, 1, Unary<Acos>},
    {"ASIN", 1, 1, Unary<Asin>},
    {"ATAN", 1, 1, Unary<Atan>},
    {"ATN2", 2, 2, Binary<Atan2>},
    {"CEILING", 1, 1, Unary<Ceiling>},
    {"COS", 1, 1, Unary<Cos>},
    {"COT", 1, 1, Unary<Cot>},
    {"DEGREES", 1, 1, Unary<Degrees>},
    {"EXP", 1, 1, Unary<Exp>},
    {"FLOOR", 1, 1, Unary<Floor>},
    {"LOG", 1, 2, Log},
    {"LOG10", 1, 1, Unary<Log10>},
    {"NUMBERBIN", 2, 2, Binary<Bin>},
    {"PI", 0, 0, Pi},
    {"POWER", 2, 2, Binary<Power>},
    {"RADIANS", 1, 1, Unary<Radians>},
    {"ROUND", 1, 2, Round},
    {"SIGN", 1, 1, Unary<Sign>},
    {"SIN", 1, 1, Unary<Sin>},
    {"SQRT", 1, 1, Unary<Sqrt>},
    {"SQUARE", 1, 1, Unary<Square>},
    {"TAN", 1, 1, Unary<Tan>},
    {"TRUNC", 1, 1, Unary<Trunc>},
    {"INTADD", 2, 2, Integers<IntAdd>},
    {"INTSUB", 2, 2, Integers<IntSub>},
    {"INTMUL", 2, 2, Integers<IntMul>},
    {"INTDIV", 2, 2, IntDivide},
    {"INTMOD", 2, 2, IntModulo},
    {"INTBITAND", 2, 2, Integers<IntAnd>},
    {"INTBITOR", 2, 2, Integers<IntOr>},
    {"INTBITXOR", 2, 2, Integers<IntXor>},
    {"INTBITLEFTSHIFT", 2, 2, Integers<IntLeft>},
    {"INTBITRIGHTSHIFT", 2, 2, Integers<IntRight>},
    {"INTBITNOT", 1, 1, IntNot},
};

}  // namespace

std::span<const Function> MathFunctions() {
  return kFunctions;
}

}  // namespace spillway::emulator::sql
