#include "state/process_identity.h"

#include <gtest/gtest.h>

#include <limits>

namespace spillway {
namespace {

TEST(ProcessIdentity, ThisProcessIsKnownToItselfAndAlive) {
  const ProcessIdentity self = ThisProcess();
  EXPECT_GT(self.pid, 0);
  EXPECT_GT(self.started, 0);
  EXPECT_FALSE(self.machine.empty());
  EXPECT_FALSE(IsKnownDead(self));
}

TEST(ProcessIdentity, APidThatIsGoneIsDead) {
  ProcessIdentity gone = ThisProcess();
  gone.pid = std::numeric_limits<int32_t>::max();  // above the kernel's pid_max
  EXPECT_TRUE(IsKnownDead(gone));
}

TEST(ProcessIdentity, AReusedPidIsDead) {
  ProcessIdentity reused = ThisProcess();
  reused.started += 1;
  EXPECT_TRUE(IsKnownDead(reused));
}

TEST(ProcessIdentity, NothingIsSaidOfAnotherMachine) {
  ProcessIdentity elsewhere = ThisProcess();
  elsewhere.machine += "x";
  elsewhere.pid = std::numeric_limits<int32_t>::max();
  EXPECT_FALSE(IsKnownDead(elsewhere));
}

}  // namespace
}  // namespace spillway
