// Numbers as people read them, the same in every message. Never parsed back.
#ifndef SPILLWAY_BASE_HUMAN_H_
#define SPILLWAY_BASE_HUMAN_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace spillway {

// "1,234,567".
std::string HumanCount(uint64_t count);
// "1,234,568" or, below 100, "12.5".
std::string HumanNumber(double number);
// "512 B", "1.5 KiB", "20.0 MiB".
std::string HumanBytes(uint64_t bytes);
// "850 ms", "12.4 s", "3 min 20 s", "2 h 5 min", "3 days 4 h".
std::string HumanDuration(std::chrono::nanoseconds duration);
// "0.1 %", "37 %".
std::string HumanShare(double share);
// "1 row", "2 rows".
std::string HumanPlural(uint64_t count, const std::string& singular);

}  // namespace spillway

#endif  // SPILLWAY_BASE_HUMAN_H_
