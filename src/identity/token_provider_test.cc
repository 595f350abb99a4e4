#include "identity/token_provider.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

namespace spillway {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr char kScope[] = "https://cosmos.azure.com/.default";

// Says what the test tells it to; counts.
class Scripted : public Credential {
 public:
  using Answer = std::function<Result<AccessToken>(int call)>;
  Scripted(Answer answer, std::atomic<int>& calls) : answer_(std::move(answer)), calls_(calls) {}
  std::string_view name() const override { return "scripted"; }
  Result<AccessToken> Fetch(const std::string&, const CallContext&) override {
    return answer_(++calls_);
  }

 private:
  const Answer answer_;
  std::atomic<int>& calls_;
};

class TokenProviderTest : public testing::Test {
 protected:
  void Use(Scripted::Answer answer) {
    provider_ = std::make_unique<TokenProvider>(
        std::make_unique<Scripted>(std::move(answer), calls_), clock_);
  }
  // "token1", "token2" …, each good for an hour.
  Result<AccessToken> Hour(int call) {
    return AccessToken{"token" + std::to_string(call), clock_.Now() + minutes(55),
                       clock_.Now() + minutes(60)};
  }
  std::string Get() {
    const auto token = provider_->Get(kScope, {});
    return token.ok() ? token->text : token.status().ToString();
  }

  ManualClock clock_;
  std::atomic<int> calls_ = 0;
  std::unique_ptr<TokenProvider> provider_;
};

TEST_F(TokenProviderTest, OneTokenServesUntilItIsTimeToRenewIt) {
  Use([&](int call) { return Hour(call); });
  EXPECT_EQ(Get(), "token1");
  clock_.Advance(minutes(54));
  EXPECT_EQ(Get(), "token1");
  clock_.Advance(minutes(2));
  EXPECT_EQ(Get(), "token2");
  EXPECT_EQ(calls_, 2);
}

TEST_F(TokenProviderTest, EachScopeHasItsOwn) {
  Use([&](int call) { return Hour(call); });
  EXPECT_EQ(Get(), "token1");
  EXPECT_EQ(provider_->Get("https://storage.azure.com/.default", {})->text, "token2");
  EXPECT_EQ(Get(), "token1");
}

TEST_F(TokenProviderTest, AFailedRenewalIsNoMatterWhileTheOldTokenLives) {
  Use([&](int call) -> Result<AccessToken> {
    if (call == 1 || call > 3) return Hour(call);
    return Unavailable("busy");
  });
  EXPECT_EQ(Get(), "token1");
  clock_.Advance(minutes(56));
  EXPECT_EQ(Get(), "token1");
  EXPECT_EQ(Get(), "token1");
  EXPECT_EQ(calls_, 2) << "not at every request";
  clock_.Advance(minutes(3));
  EXPECT_EQ(Get(), "token1");
  clock_.Advance(minutes(2));
  EXPECT_EQ(Get(), "token4") << "it had expired";
}

TEST_F(TokenProviderTest, AFailureWithoutATokenIsTheCallersAndIsTriedAgain) {
  Use([&](int call) -> Result<AccessToken> {
    if (call == 1) return NotFound("no identity").WithHint("az login");
    return Hour(call);
  });
  const auto failed = provider_->Get(kScope, {});
  EXPECT_EQ(failed.status().code(), StatusCode::kUnauthenticated);
  EXPECT_EQ(failed.status().hint(), "az login");
  EXPECT_EQ(Get(), "token2");
}

TEST_F(TokenProviderTest, ARefusedTokenIsRenewedOnceHoweverManyAskForIt) {
  Use([&](int call) { return Hour(call); });
  const uint64_t generation = provider_->Get(kScope, {})->generation;
  EXPECT_TRUE(*provider_->Renew(kScope, generation, {}));
  EXPECT_TRUE(*provider_->Renew(kScope, generation, {}));
  EXPECT_EQ(calls_, 2);
  EXPECT_FALSE(*provider_->Renew(kScope, generation + 1, {})) << "the new one as well, at once";
  EXPECT_EQ(calls_, 2);
  clock_.Advance(kRenewalPause);
  EXPECT_TRUE(*provider_->Renew(kScope, generation + 1, {}));
}

TEST_F(TokenProviderTest, TheSameTokenAgainIsNoLaterOne) {
  Use([&](int) { return Hour(7); });
  const uint64_t generation = provider_->Get(kScope, {})->generation;
  EXPECT_FALSE(*provider_->Renew(kScope, generation, {}));
}

TEST_F(TokenProviderTest, OneFetchesAndTheOthersAreServedTheOldTokenMeanwhile) {
  std::binary_semaphore fetching(0);
  std::binary_semaphore go(0);
  Use([&](int call) {
    if (call == 2) {
      fetching.release();
      go.acquire();
    }
    return Hour(call);
  });
  EXPECT_EQ(Get(), "token1");
  clock_.Advance(minutes(56));
  std::jthread renewer([&] { EXPECT_EQ(Get(), "token2"); });
  fetching.acquire();
  EXPECT_EQ(Get(), "token1");
  go.release();
  renewer.join();
  EXPECT_EQ(Get(), "token2");
  EXPECT_EQ(calls_, 2);
}

TEST_F(TokenProviderTest, WithoutATokenTheOthersWaitAndShareWhatComes) {
  std::counting_semaphore<> go(0);
  Use([&](int call) {
    go.acquire();
    return Hour(call);
  });
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(Get(), "token1"); });
  }
  go.release(8);
  threads.clear();
  EXPECT_EQ(calls_, 1);
}

TEST_F(TokenProviderTest, AStopEndsTheWaitForAnotherOnesFetch) {
  std::binary_semaphore fetching(0);
  std::binary_semaphore go(0);
  Use([&](int call) {
    fetching.release();
    go.acquire();
    return Hour(call);
  });
  std::jthread first([&] { Get(); });
  fetching.acquire();
  std::stop_source stop;
  std::jthread second([&] {
    EXPECT_EQ(provider_->Get(kScope, {.stop = stop.get_token()}).status().code(),
              StatusCode::kCancelled);
  });
  stop.request_stop();
  second.join();
  go.release();
}

}  // namespace
}  // namespace spillway
