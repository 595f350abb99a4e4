// Arrow arrays of buffers that were filled here, for whoever takes them over by the C data
// interface.
#ifndef SPILLWAY_TRANSFORMS_ARRAY_EXPORT_H_
#define SPILLWAY_TRANSFORMS_ARRAY_EXPORT_H_

#include <cstdint>
#include <vector>

#include "model/arrow_abi.h"

namespace spillway {

using ArrayBuffer = std::vector<uint8_t>;

template <typename T>
void PutValue(T value, ArrayBuffer* out) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&value);
  out->insert(out->end(), bytes, bytes + sizeof(T));
}

// The array owns buffers and children until it is released. The first of `buffers` is the validity:
// left out of the array when no row is null.
void ExportArray(int64_t length, int64_t nulls, std::vector<ArrayBuffer> buffers,
                 std::vector<ArrowArray> children, ArrowArray* out);

}  // namespace spillway

#endif  // SPILLWAY_TRANSFORMS_ARRAY_EXPORT_H_
