// The text of a signature: what counts, and what does not.
#include "roam/signature.h"
#include <gtest/gtest.h>
#include <map>
#include <string>
#include <vector>

namespace roam::detail {
namespace {

TEST(Signature, IsTheTypesThatAreGivenAndTaken) {
  EXPECT_EQ(nameOfSignature<double(double)>(), "double (double)");
  EXPECT_EQ(nameOfSignature<void()>(), "void ()");
  EXPECT_EQ((nameOfSignature<std::map<int, char>(std::string, unsigned long)>()),
            "std::map<int, char> (std::basic_string<char>, unsigned long)");
}

TEST(Signature, LeavesOutHowTheyArePassed) {
  EXPECT_EQ(nameOfSignature<const double&(const std::string&, const int, long&&)>(),
            nameOfSignature<double(std::string, int, long)>());
  EXPECT_EQ(nameOfSignature<int(int) noexcept>(), nameOfSignature<int(int)>());
}

TEST(Signature, KeepsConstInsideATypeAndWhatPointersPointTo) {
  EXPECT_EQ(nameOfSignature<void(std::vector<const int*>, const char* const)>(),
            "void (std::vector<const int *>, const char *)");
}

namespace here {
using Prices = std::vector<double>;
enum class Colour { red };
struct Order {
  int amount;
};
} // namespace here

TEST(Signature, SeesThroughTypedefsAndNamesTypesInFull) {
  using here::Order;
  EXPECT_EQ(nameOfSignature<here::Prices(here::Prices)>(),
            "std::vector<double> (std::vector<double>)");
  std::string_view text = nameOfSignature<here::Colour(Order)>();
  EXPECT_NE(text.find("::here::Colour ("), text.npos) << text;
  EXPECT_NE(text.find("::here::Order)"), text.npos) << text;
}

static_assert(nameOfSignature<int(int)>() == "int (int)", "programs compare while they compile");

} // namespace
} // namespace roam::detail
