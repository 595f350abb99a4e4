#include "throughput/lent_share.h"

namespace spillway {

// The limiter takes its own lock: it is a leaf below this one.
void LentShare::Set(double part, SteadyTime until, const std::optional<ThroughputLimit>& limit) {
  std::lock_guard lock(mutex_);
  part_ = part;
  until_ = until;
  const bool changed = limit.has_value() && limit != limit_;
  if (limit.has_value()) limit_ = limit;
  if (limiter_ == nullptr) return;
  if (changed) limiter_->SetLimit(*limit_);
  limiter_->SetPart(part_, until_);
}

ShareUse LentShare::Use() {
  std::lock_guard lock(mutex_);
  if (limiter_ == nullptr) return {};
  demand_.Sample(*limiter_, clock_.Now());
  return {.wanted = demand_.wanted(), .whole = limiter_->whole()};
}

std::optional<ThroughputLimit> LentShare::limit() const {
  std::lock_guard lock(mutex_);
  return limit_;
}

void LentShare::Attach(ThroughputLimiter& limiter) {
  std::lock_guard lock(mutex_);
  limiter_ = &limiter;
  limiter_->SetPart(part_, until_);
}

void LentShare::Detach() {
  std::lock_guard lock(mutex_);
  limiter_ = nullptr;
}

}  // namespace spillway
