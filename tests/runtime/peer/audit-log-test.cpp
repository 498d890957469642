// The lines of the audit log: JSON whatever is written.
#include "runtime/peer/audit-log.h"
#include "tests/support/temporary-folder.h"
#include <fstream>
#include <gtest/gtest.h>
#include <regex>
#include <sys/stat.h>

namespace roam::peer {
namespace {

class Lines final : public net::Log {
 public:
  void line(kj::StringPtr text) override { all.emplace_back(text.cStr()); }
  std::vector<std::string> all;
};

std::vector<std::string> linesOf(const std::string& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);)
    lines.push_back(line);
  return lines;
}

using What = net::AuditEvent::What;

TEST(AuditLog, EachEventIsALineWithItsTime) {
  test::TemporaryFolder folder;
  const std::string path = folder.path() + "/audit.jsonl";
  Lines log;
  AuditLog audit(path, log);
  audit.happened({"anna", {}}, "10.0.0.7:1", {What::brought, "9f86", "", "price.cpp:12"});
  audit.happened({"ben", {}}, "10.0.0.8:1", {What::bound, "9f86", "price", ""});
  auto lines = linesOf(path);
  ASSERT_EQ(lines.size(), 2u);
  const std::string time = R"(\{"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",)";
  EXPECT_TRUE(std::regex_match(
      lines[0], std::regex(time + R"("who":"anna","from":"10\.0\.0\.7:1","what":"brought",)" +
                           R"("digest":"9f86","detail":"price\.cpp:12"\})")))
      << lines[0];
  EXPECT_TRUE(std::regex_match(
      lines[1], std::regex(time + R"("who":"ben","from":"10\.0\.0\.8:1","what":"bound",)" +
                           R"("digest":"9f86","name":"price"\})")))
      << lines[1];
}

TEST(AuditLog, WhateverIsSentStaysInItsLineAndQuotes) {
  test::TemporaryFolder folder;
  const std::string path = folder.path() + "/audit.jsonl";
  Lines log;
  AuditLog audit(path, log);
  audit.happened({"a\"b\\c\nd\x01\xff", {}}, "", {What::connected, "", "", ""});
  auto lines = linesOf(path);
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find(R"("who":"a\"b\\c\u000ad\u0001\u00ff")"), std::string::npos) << lines[0];
}

TEST(AuditLog, GoesOnWhereAnEarlierOneEndedAndIsReadByItsOwnerAlone) {
  test::TemporaryFolder folder;
  const std::string path = folder.path() + "/audit.jsonl";
  Lines log;
  for (int i = 0; i < 2; ++i)
    AuditLog(path, log).happened({"anna", {}}, "", {What::connected, "", "", ""});
  EXPECT_EQ(linesOf(path).size(), 2u);
  struct stat status;
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(AuditLog, SaysOnceThatItCannotBeWritten) {
  Lines log;
  AuditLog audit("/dev/full", log);
  for (int i = 0; i < 3; ++i)
    audit.happened({"anna", {}}, "", {What::connected, "", "", ""});
  ASSERT_EQ(log.all.size(), 1u);
  EXPECT_NE(log.all[0].find("the audit log /dev/full can't be written"), std::string::npos);
  EXPECT_THROW(AuditLog("/nowhere/audit.jsonl", log), std::runtime_error);
}

} // namespace
} // namespace roam::peer
