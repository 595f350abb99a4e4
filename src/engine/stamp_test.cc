#include "engine/stamp.h"

#include <gtest/gtest.h>

namespace spillway {
namespace {

class Recorder : public Writer {
 public:
  explicit Recorder(std::vector<std::string>* bodies) : bodies_(bodies) {}
  Result<WriteReport> Write(std::span<const Document> documents, const CallContext&) override {
    for (const Document& document : documents) bodies_->emplace_back(document.body);
    return WriteReport{};
  }

 private:
  std::vector<std::string>* const bodies_;
};

TEST(Stamp, IsAddedToWhatIsWrittenAndToNothingElse) {
  std::vector<std::string> bodies;
  const auto writer = WithStamp(std::make_unique<Recorder>(&bodies), {"_by", "p/7"});
  std::vector<Document> documents(4);
  documents[0].body = R"({"id":"1"})";
  documents[1].body = "{}";
  documents[2].intent = Intent::kDelete;
  documents[3].intent = Intent::kDelete;
  documents[3].body = R"({"gone":true})";
  ASSERT_TRUE(writer->Write(documents, {}).ok());
  ASSERT_TRUE(writer->Write({documents.data(), 1}, {}).ok());
  EXPECT_EQ(bodies, (std::vector<std::string>{R"({"id":"1","_by":"p/7"})", R"({"_by":"p/7"})", "",
                                              R"({"gone":true})", R"({"id":"1","_by":"p/7"})"}));
  EXPECT_EQ(documents[0].body, R"({"id":"1"})") << "the caller's stay as they are";
}

TEST(Stamp, NamesTheRunOfItsOwnPipelineAlone) {
  DocumentOptions documents;
  EXPECT_EQ(StampOf(documents, "p", 12).field, "");
  documents.stamp_field = "_by";
  EXPECT_EQ(StampOf(documents, "p", 12).value, "p/12");
  EXPECT_EQ(RunOfStamp("p/12", "p"), 12);
  for (const char* foreign : {"", "p", "p/", "p/x", "p/12x", "q/12", "pp/12", "p/12/3"}) {
    EXPECT_EQ(RunOfStamp(foreign, "p"), 0) << foreign;
  }
}

}  // namespace
}  // namespace spillway
