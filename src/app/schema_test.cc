#include "app/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/project.h"
#include "app/scaffold.h"

namespace spillway {
namespace {

using ::testing::HasSubstr;

std::string FileText(const std::string& name) {
  std::ifstream file(std::string(SPILLWAY_SOURCE_DIR) + "/docs/reference/" + name);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Schema, TheCommittedReferenceIsFresh) {
  EXPECT_EQ(FileText("configuration.md"), ConfigurationReference()) << "run: spillway docs";
  EXPECT_EQ(FileText("spillway.schema.json"), ProjectSchema()) << "run: spillway docs";
}

TEST(Schema, TheReferenceNamesEveryKeyOnce) {
  const std::string reference = ConfigurationReference();
  EXPECT_THAT(reference, HasSubstr("| `max_rejected` | a number of rows or a share | `0.1%` |"));
  EXPECT_THAT(reference, HasSubstr("| `memory` | size, 64MiB to 1024GiB | `256MiB` |"));
  EXPECT_THAT(reference, HasSubstr("`pipelines.<name>.throughput`"));
}

TEST(Scaffold, IsAValidProject) {
  const auto project = Project::Parse(ProjectScaffold(), "spillway.yaml");
  ASSERT_TRUE(project.ok()) << project.status().message();
  EXPECT_EQ((*project)->pipelines().count("products"), 1u);
}

TEST(Scaffold, EveryCommentedKeyIsValidToo) {
  // Removing the `#` of a key must never make the file invalid.
  std::istringstream lines(ProjectScaffold());
  std::string before, line;
  std::vector<std::string> all;
  while (std::getline(lines, line)) all.push_back(line);
  size_t tried = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    const size_t mark = all[i].find("# ");
    const size_t colon = all[i].find(": ", mark);
    if (mark == std::string::npos || colon == std::string::npos) continue;
    const std::string key = all[i].substr(mark + 2, colon - mark - 2);
    if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") != std::string::npos) continue;
    std::string text;
    for (size_t j = 0; j < all.size(); ++j) {
      text += (j == i ? all[j].substr(0, mark) + all[j].substr(mark + 2) : all[j]) + '\n';
    }
    const auto project = Project::Parse(text, "spillway.yaml");
    EXPECT_TRUE(project.ok()) << project.status().message();
    ++tried;
  }
  EXPECT_GE(tried, 10u);
}

}  // namespace
}  // namespace spillway
