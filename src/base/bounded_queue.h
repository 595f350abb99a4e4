// BoundedQueue: hands items from producers to consumers, bounded by weight (bytes), so that a slow
// consumer holds a fast producer back. Closing carries the reason: a push into a queue that was
// closed by a failure returns that failure, so the first cause wins.
#ifndef SPILLWAY_BASE_BOUNDED_QUEUE_H_
#define SPILLWAY_BASE_BOUNDED_QUEUE_H_

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <utility>

#include "base/status.h"

namespace spillway {

// Thread-safe: any number of producers and consumers.
template <typename T>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t weight_max) : weight_max_(weight_max) {}

  // Blocks while the queue is full. An item heavier than the bound is admitted into an empty queue,
  // so that it cannot block for ever. Fails with the reason of Close, or kCancelled on `stop`.
  Status Push(T item, size_t weight, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool ready = space_.wait(
        lock, stop, [&] { return closed_ || items_.empty() || weight_ + weight <= weight_max_; });
    if (closed_) return reason_.ok() ? Cancelled("the queue is closed") : reason_;
    if (!ready) return Cancelled("stopped on request");
    weight_ += weight;
    items_.emplace_back(std::move(item), weight);
    filled_.notify_one();
    return Status::Ok();
  }

  // Blocks while the queue is empty. nullopt: closed and drained, or `stop` was requested.
  std::optional<T> Pop(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const bool ready = filled_.wait(lock, stop, [&] { return closed_ || !items_.empty(); });
    if (!ready) return std::nullopt;
    return TakeFront();
  }

  // Takes an item if one is there; never blocks.
  std::optional<T> TryPop() {
    std::lock_guard lock(mutex_);
    return TakeFront();
  }

  // No more pushes. What is queued can still be popped when `reason` is OK, and is dropped
  // otherwise. The first reason stays.
  void Close(Status reason = Status::Ok()) {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    closed_ = true;
    if (!reason.ok()) {
      items_.clear();
      weight_ = 0;
    }
    reason_ = std::move(reason);
    filled_.notify_all();
    space_.notify_all();
  }

  size_t weight() const {
    std::lock_guard lock(mutex_);
    return weight_;
  }

 private:
  std::optional<T> TakeFront() {
    if (items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front().first));
    weight_ -= items_.front().second;
    items_.pop_front();
    space_.notify_all();
    return item;
  }

  const size_t weight_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any filled_;
  std::condition_variable_any space_;
  std::deque<std::pair<T, size_t>> items_;
  size_t weight_ = 0;
  bool closed_ = false;
  Status reason_;
};

}  // namespace spillway

#endif  // SPILLWAY_BASE_BOUNDED_QUEUE_H_
