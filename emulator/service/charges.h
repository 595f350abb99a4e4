// What operations cost, in request units: a model, not Azure's bill. Deterministic and additive:
// the charge of a request is the sum of its operations'. Fitted to the published figures
// (documentation pages "Request Units in Azure Cosmos DB", "Optimize request cost": 1 KB read 1,
// 100 KB read 10, 1 KB insert without indexes 5, 100 KB insert 50, replace about twice an insert,
// about 10 for a 1 KB document with the default indexing policy). This file is the only place that
// knows these numbers.
#ifndef SPILLWAY_EMULATOR_SERVICE_CHARGES_H_
#define SPILLWAY_EMULATOR_SERVICE_CHARGES_H_

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace spillway::emulator::charges {

inline constexpr double kReadFirstKilobyte = 1.0;
inline constexpr double kReadNextKilobyte = 0.09;
inline constexpr double kCreateFirstKilobyte = 5.0;
inline constexpr double kCreateNextKilobyte = 0.45;
inline constexpr double kIndexedProperty = 0.3;
inline constexpr double kReplaceFactor =
    1.5;  // of a create: replace, upsert of an existing item, delete
inline constexpr double kFailedWrite = 1.24;  // 404, 409, 412
inline constexpr double kNotFoundRead = 1.0;
inline constexpr double kNotModifiedRead = 1.0;
inline constexpr double kThrottled = 0.38;
inline constexpr double kMetadata = 1.0;
inline constexpr double kDefinitionWrite = 4.95;
inline constexpr double kQueryBase = 2.3;
inline constexpr double kQueryExaminedDocument = 0.02;
inline constexpr double kQueryReturnedKilobyte = 0.04;
inline constexpr double kFeedReturnedKilobyte = 0.04;

inline double Round(double charge) {
  return std::round(charge * 100) / 100;
}

inline double Kilobytes(uint64_t bytes) {
  return std::max(1.0, std::ceil(static_cast<double>(bytes) / 1024));
}

inline double Read(uint64_t bytes) {
  return Round(kReadFirstKilobyte + kReadNextKilobyte * (Kilobytes(bytes) - 1));
}

inline double Create(uint64_t bytes, uint32_t indexed_properties) {
  return Round(kCreateFirstKilobyte + kCreateNextKilobyte * (Kilobytes(bytes) - 1) +
               kIndexedProperty * indexed_properties);
}

inline double Replace(uint64_t bytes, uint32_t indexed_properties) {
  return Round(kReplaceFactor * Create(bytes, indexed_properties));
}

inline double Delete(uint64_t bytes, uint32_t indexed_properties) {
  return Replace(bytes, indexed_properties);
}

inline double Query(uint64_t examined_documents, uint64_t returned_bytes) {
  return Round(kQueryBase + kQueryExaminedDocument * static_cast<double>(examined_documents) +
               kQueryReturnedKilobyte * static_cast<double>(returned_bytes) / 1024);
}

inline double Feed(uint64_t returned_bytes) {
  return Round(1.0 + kFeedReturnedKilobyte * static_cast<double>(returned_bytes) / 1024);
}

}  // namespace spillway::emulator::charges

#endif  // SPILLWAY_EMULATOR_SERVICE_CHARGES_H_
