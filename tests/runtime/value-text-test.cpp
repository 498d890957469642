// Values as `roam eval` prints them.
#include "roam/value-text.h"
#include <array>
#include <complex>
#include <gtest/gtest.h>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>

namespace roam::detail {
namespace {

using namespace std::string_literals;

TEST(ValueText, OfNumbersIsTheShortestThatGivesThemBack) {
  EXPECT_EQ(textOfValue(-3), "-3");
  EXPECT_EQ(textOfValue(0.1), "0.1");
  EXPECT_EQ(textOfValue(1.0f / 3), "0.33333334");
  EXPECT_EQ(textOfValue(~0ull), "18446744073709551615");
  EXPECT_EQ(textOfValue(static_cast<unsigned char>(65)), "65");
  EXPECT_EQ(textOfValue(true), "true");
}

TEST(ValueText, OfTextIsQuoted) {
  EXPECT_EQ(textOfValue("a\"b\\\n\x01"s), R"("a\"b\\\n\x01")");
  EXPECT_EQ(textOfValue("literal"), "\"literal\"");
  EXPECT_EQ(textOfValue(std::string_view("view")), "\"view\"");
  EXPECT_EQ(textOfValue('\''), R"('\'')");
}

TEST(ValueText, OfContainersIsThatOfTheirElements) {
  EXPECT_EQ(textOfValue(std::vector{1, 2}), "[1, 2]");
  EXPECT_EQ(textOfValue(std::vector{true, false}), "[true, false]");
  EXPECT_EQ(textOfValue(std::list<std::set<int>>{{1}, {}}), "[[1], []]");
  EXPECT_EQ(textOfValue(std::map<std::string, double>{{"a", 1.5}, {"b", 2}}),
            R"({"a": 1.5, "b": 2})");
  EXPECT_EQ(textOfValue(std::array<char, 2>{'a', 'b'}), "['a', 'b']");
}

TEST(ValueText, OfTuplesAndWhatMayBeEmpty) {
  EXPECT_EQ(textOfValue(std::tuple(1, "x"s, 2.5)), "(1, \"x\", 2.5)");
  EXPECT_EQ(textOfValue(std::pair(1, std::optional<int>())), "(1, nothing)");
  EXPECT_EQ(textOfValue(std::optional("x"s)), "\"x\"");
  EXPECT_EQ(textOfValue(std::make_optional(std::make_unique<int>(3))), "3");
  EXPECT_EQ(textOfValue(std::variant<int, std::string>("x")), "\"x\"");
}

struct Silent {};

TEST(ValueText, OfOtherTypesIsWhatTheyPrintOrTheirName) {
  EXPECT_EQ(textOfValue(std::complex<double>(1, 2)), "(1,2)");
  EXPECT_EQ(textOfValue(Silent()), "<a roam::detail::(anonymous namespace)::Silent: it has no "
                                   "operator<<, so its value cannot be shown>");
}

TEST(ValueText, IsCutWhereItGetsLong) {
  std::string text = textOfValue(std::vector<int>(1 << 20, 7));
  EXPECT_LT(text.size(), ValueText::most + 100);
  EXPECT_TRUE(text.ends_with(", ...]")) << text.substr(text.size() - 20);
}

TEST(ValueText, OfAnExpressionMayBeThatNothingCame) {
  std::string value = (std::string("temporary").c_str(), EndOfExpression());
  EXPECT_EQ(value, "\"temporary\"");
  std::string none = (static_cast<void>(0), EndOfExpression());
  EXPECT_EQ(none, "done");
}

} // namespace
} // namespace roam::detail
