// The Arrow C Data and C Stream interfaces: three structs of a stable ABI, and owners that release
// them. Source: Arrow specification, "The Arrow C data interface" and "The Arrow C stream
// interface".
#ifndef SPILLWAY_MODEL_ARROW_ABI_H_
#define SPILLWAY_MODEL_ARROW_ABI_H_

#include <cstdint>
#include <utility>

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

extern "C" {

struct ArrowSchema {
  const char* format;
  const char* name;
  const char* metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema** children;
  struct ArrowSchema* dictionary;
  void (*release)(struct ArrowSchema*);
  void* private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void** buffers;
  struct ArrowArray** children;
  struct ArrowArray* dictionary;
  void (*release)(struct ArrowArray*);
  void* private_data;
};

}  // extern "C"
#endif  // ARROW_C_DATA_INTERFACE

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

extern "C" {

struct ArrowArrayStream {
  int (*get_schema)(struct ArrowArrayStream*, struct ArrowSchema* out);
  int (*get_next)(struct ArrowArrayStream*, struct ArrowArray* out);
  const char* (*get_last_error)(struct ArrowArrayStream*);
  void (*release)(struct ArrowArrayStream*);
  void* private_data;
};

}  // extern "C"
#endif  // ARROW_C_STREAM_INTERFACE

namespace spillway {

// Owns one of the three structs; empty when its release callback is null. Move only.
template <typename T>
class ArrowOwner {
 public:
  ArrowOwner() = default;
  ~ArrowOwner() { Reset(); }
  ArrowOwner(const ArrowOwner&) = delete;
  ArrowOwner& operator=(const ArrowOwner&) = delete;
  ArrowOwner(ArrowOwner&& other) noexcept : value_(std::exchange(other.value_, T{})) {}
  ArrowOwner& operator=(ArrowOwner&& other) noexcept {
    if (this != &other) {
      Reset();
      value_ = std::exchange(other.value_, T{});
    }
    return *this;
  }

  bool empty() const { return value_.release == nullptr; }
  const T& get() const { return value_; }
  // For a producer to fill. What was there is released first.
  T* Receive() {
    Reset();
    return &value_;
  }
  // For calls that change the struct, such as a stream's get_next.
  T* mutable_get() { return &value_; }

 private:
  void Reset() {
    if (value_.release != nullptr) value_.release(&value_);
    value_ = T{};
  }

  T value_{};
};

using OwnedSchema = ArrowOwner<ArrowSchema>;
using OwnedArray = ArrowOwner<ArrowArray>;
using OwnedStream = ArrowOwner<ArrowArrayStream>;

}  // namespace spillway

#endif  // SPILLWAY_MODEL_ARROW_ABI_H_
