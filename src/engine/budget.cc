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
  const bool ready =
      room_.wait(lock, stop, [&] { return taken_ == 0 || taken_ + amount <= amount_max_; });
  if (!ready) return Cancelled("stopped on request");
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
