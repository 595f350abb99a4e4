// Budget: an amount that several threads share, such as bytes of memory: whoever needs some waits
// until others have given theirs back. It is what bounds the rows between the readers and the
// destination.
#ifndef SPILLWAY_ENGINE_BUDGET_H_
#define SPILLWAY_ENGINE_BUDGET_H_

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>

#include "base/result.h"

namespace spillway {

// Thread-safe. Outlives its shares.
class Budget {
 public:
  // A part of the budget, given back by the destructor. Move only.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept;
    Share& operator=(Share&& other) noexcept;
    ~Share() { ShrinkTo(0); }
    // Gives back what is above `amount`.
    void ShrinkTo(uint64_t amount);
    uint64_t amount() const { return amount_; }

   private:
    friend class Budget;
    Share(Budget* budget, uint64_t amount) : budget_(budget), amount_(amount) {}
    Budget* budget_ = nullptr;
    uint64_t amount_ = 0;
  };

  explicit Budget(uint64_t amount_max) : amount_max_(amount_max) {}

  // Blocks until there is room; kCancelled on `stop`. More than the whole budget is admitted when
  // nothing else is taken, so that it cannot block for ever.
  Result<Share> Take(uint64_t amount, const std::stop_token& stop);
  // The same, but nullopt as soon as there is no room and `give_up` says so. It is asked when Wake
  // is called, under this object's lock.
  Result<std::optional<Share>> TakeUnless(uint64_t amount, const std::function<bool()>& give_up,
                                          const std::stop_token& stop);
  void Wake();

  uint64_t taken() const;
  // Whether so much is taken that whoever needs some may have to wait soon.
  bool scarce() const { return taken() > amount_max_ / 4 * 3; }
  uint64_t taken_max() const;  // the highest there ever was

 private:
  bool HasRoom(uint64_t amount) const { return taken_ == 0 || taken_ + amount <= amount_max_; }
  Share Taken(uint64_t amount);
  void GiveBack(uint64_t amount);

  const uint64_t amount_max_;
  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  uint64_t taken_ = 0;
  uint64_t taken_max_ = 0;
};

}  // namespace spillway

#endif  // SPILLWAY_ENGINE_BUDGET_H_
