#include "emulator/sql/functions.h"

#include <strings.h>

namespace spillway::emulator::sql {

const Function* FindFunction(std::string_view name) {
  for (const std::span<const Function> family :
       {StringFunctions(), MathFunctions(), ArrayFunctions(), TypeFunctions(), DateFunctions(),
        SpatialFunctions()}) {
    for (const Function& function : family) {
      if (function.name.size() == name.size() &&
          strncasecmp(function.name.data(), name.data(), name.size()) == 0) {
        return &function;
      }
    }
  }
  return nullptr;
}

}  // namespace spillway::emulator::sql
