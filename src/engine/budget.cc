#include "engine/budget.h"

#include <algorithm>
#include <utility>

namespace spillway {

Budget::Share::Share(Share&& other) noexcept
    : budget_(other.budget_), amount_(std::exchange(other.amount_, 0)) {}

Budget::Share& Budget::Share::operator=(Share&& other) noexcept {
  if (this != &other) {
    ShrinkTo(0);
    budget_ = other.budget_;
    amount_ = std::exchange(other.amount_, 0);
  }
  return *this;
}

void Budget::Share::ShrinkTo(uint64_t amount) {
  if (amount >= amount_) return;
  budget_->GiveBack(amount_ - amount);
  amount_ = amount;
}

Result<Budget::Share> Budget::Take(uint64_t amount, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!room_.wait(lock, stop, [&] { return HasRoom(amount); })) {
    return Cancelled("stopped on request");
  }
  return Taken(amount);
}

Result<std::optional<Budget::Share>> Budget::TakeUnless(uint64_t amount,
                                                        const std::function<bool()>& give_up,
                                                        const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!room_.wait(lock, stop, [&] { return HasRoom(amount) || give_up(); })) {
    return Cancelled("stopped on request");
  }
  if (!HasRoom(amount)) return std::optional<Share>();
  return std::optional<Share>(Taken(amount));
}

void Budget::Wake() {
  std::lock_guard lock(mutex_);
  room_.notify_all();
}

Budget::Share Budget::Taken(uint64_t amount) {
  taken_ += amount;
  taken_max_ = std::max(taken_max_, taken_);
  return Share(this, amount);
}

void Budget::GiveBack(uint64_t amount) {
  std::lock_guard lock(mutex_);
  taken_ -= amount;
  room_.notify_all();
}

uint64_t Budget::taken() const {
  std::lock_guard lock(mutex_);
  return taken_;
}

uint64_t Budget::taken_max() const {
  std::lock_guard lock(mutex_);
  return taken_max_;
}

}  // namespace spillway
