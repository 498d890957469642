// What people are told about an entry.
#include "jit/slice/ship-report.h"
#include <gtest/gtest.h>

namespace roam {
namespace {

TEST(ShipReport, IsOneFactALine) {
  ManifestEntry entry;
  entry.slice = "bitcode";
  entry.needs = {"_Z5twicei", "memcpy"};
  Description& about = entry.description;
  about.closureSize = 16;
  about.captures = {{"rate", "double", 0, 8}, {"on", "bool", 8, 1}};
  about.argumentType = "int";
  about.resultType = "double";
  about.code = {2,
                41,
                {{entrySymbol, 28}, {"_Z3sumi", 13}},
                {{"static", "_ZZ3sumiE5calls"}},
                {"avx512vnni,avx512vl|avxvnni"}};
  const char* most = "  call      (int) -> double\n"
                     "  closure   16 bytes, 2 captures\n"
                     "    +0    rate : double (8 bytes)\n"
                     "    +8    on : bool (1 byte)\n"
                     "  code      2 functions, 41 instructions in 7 bytes\n"
                     "       28  the entry and what was inlined into it\n"
                     "       13  sum(int)\n"
                     "  state     static sum(int)::calls\n"
                     "  CPU with  avx512vnni and avx512vl, or avxvnni\n";
  EXPECT_EQ(shipReport(entry, false),
            most + std::string("  undefined 2 symbols (--symbols lists them)\n"));
  EXPECT_EQ(shipReport(entry, true),
            most + std::string("  undefined 2 symbols\n    twice(int)\n    memcpy\n"));
}

TEST(ShipReport, NamesPeerLocalVariablesAsStateAndNotAsUndefined) {
  ManifestEntry entry;
  entry.needs = {"memcpy", "roam.peer_local:counter.made:1:1:bool",
                 "roam.peer_local:counter:4:4:_ZTSi"};
  entry.description.code.functions = 1;
  entry.description.code.state = {{"peer-local", "counter"}};
  std::string text = shipReport(entry, /*symbols=*/true);
  EXPECT_NE(text.find("peer-local counter\n"), std::string::npos) << text;
  EXPECT_NE(text.find("1 symbol\n    memcpy\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("roam.peer_local"), std::string::npos) << text;
}

TEST(ShipReport, ShortensLongNames) {
  ManifestEntry entry;
  auto lineOf = [&](const char* symbol) {
    entry.description.code = {1, 1, {{symbol, 1}}, {}, {}};
    std::string text = shipReport(entry, false);
    text = text.substr(text.find("        1  ") + 11);
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(lineOf("_ZNSt6vectorIiSaIiEE9push_backERKi"),
            "std::vector<int, std::allocator<int> >::push_back(int const&)");
  EXPECT_EQ(lineOf("_ZNSt3mapINSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEEiSt4lessIS5_E"
                   "SaISt4pairIKS5_iEEEixEOS5_"),
            "std::map<...>::operator[](std::__cxx11::basic_string<...>&&)");
  EXPECT_EQ(lineOf("_ZlsIcSt11char_traitsIcESaIcEERSt13basic_ostreamIT_T0_ES7_"
                   "RKNSt7__cxx1112basic_stringIS4_S5_T1_EE"),
            "std::basic_ostream<...>& operator<< <...>(...)");
}

} // namespace
} // namespace roam
