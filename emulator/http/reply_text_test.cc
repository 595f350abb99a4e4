#include "emulator/http/reply_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace spillway::emulator {
namespace {

std::string Head(const Reply& reply, std::string_view reason, bool keep_alive = true) {
  std::string text = "what an earlier reply left";
  WriteHead(reply, reason, keep_alive, &text);
  return text;
}

TEST(ReplyText, IsAStatusLineTheHeadersAndAnEmptyLine) {
  Reply reply;
  reply.body = "{}";
  reply.Set("x-ms-activity-id", "7");
  EXPECT_EQ(Head(reply, "OK"),
            "HTTP/1.1 200 OK\r\nx-ms-activity-id: 7\r\nContent-Type: application/json\r\n"
            "Content-Length: 2\r\n\r\n");
}

TEST(ReplyText, SaysThatTheConnectionCloses) {
  EXPECT_THAT(Head(Reply(), "OK", false), testing::HasSubstr("\r\nConnection: close\r\n"));
}

TEST(ReplyText, OfAStatusWithoutABodyTellsOfNone) {
  Reply reply;
  for (const int status : {204, 304}) {
    reply.status = status;
    EXPECT_FALSE(HasBody(reply));
    EXPECT_THAT(Head(reply, "x"), testing::Not(testing::HasSubstr("Content-")));
  }
}

TEST(ReplyText, AHeaderThatNoClientWouldTakeDoesNotFit) {
  Reply reply;
  reply.Set("x-ms-continuation", std::string(kReplyHeaderBytesMax, 'c'));
  EXPECT_TRUE(HeadersFit(reply));
  reply.Set("x-ms-continuation", std::string(kReplyHeaderBytesMax + 1, 'c'));
  EXPECT_FALSE(HeadersFit(reply));
}

}  // namespace
}  // namespace spillway::emulator
