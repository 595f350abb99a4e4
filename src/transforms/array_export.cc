#include "transforms/array_export.h"

#include <cstddef>
#include <utility>

namespace spillway {
namespace {

// What an exported array points into; freed by its release callback.
struct ArrayParts {
  std::vector<ArrayBuffer> buffers;
  std::vector<const void*> pointers;
  std::vector<ArrowArray> children;
  std::vector<ArrowArray*> child_pointers;
};

void Release(ArrowArray* array) {
  auto* parts = static_cast<ArrayParts*>(array->private_data);
  for (ArrowArray& child : parts->children) {
    if (child.release != nullptr) child.release(&child);
  }
  delete parts;
  array->release = nullptr;
}

}  // namespace

void ExportArray(int64_t length, int64_t nulls, std::vector<ArrayBuffer> buffers,
                 std::vector<ArrowArray> children, ArrowArray* out) {
  auto* parts = new ArrayParts{std::move(buffers), {}, std::move(children), {}};
  for (size_t i = 0; i < parts->buffers.size(); ++i) {
    ArrayBuffer& buffer = parts->buffers[i];
    if (i > 0) buffer.reserve(1);  // an empty buffer has an address, too
    parts->pointers.push_back(i == 0 && nulls == 0 ? nullptr : buffer.data());
  }
  for (ArrowArray& child : parts->children) parts->child_pointers.push_back(&child);
  *out = ArrowArray{};
  out->length = length;
  out->null_count = nulls;
  out->n_buffers = static_cast<int64_t>(parts->pointers.size());
  out->buffers = parts->pointers.data();
  out->n_children = static_cast<int64_t>(parts->children.size());
  out->children = parts->child_pointers.data();
  out->release = &Release;
  out->private_data = parts;
}

}  // namespace spillway
