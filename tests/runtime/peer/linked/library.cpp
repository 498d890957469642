// Closures of several kinds. The file is compiled for the CPU of this machine, so that its own code
// may fuse multiplications and additions.
#include "tests/runtime/peer/linked/library.h"
#include "roam/call.h"
#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace roam::peer::testing {
namespace {

const std::map<std::string, int> prices{{"rope", 7}, {"wire", 9}};

int refuse() {
  if (std::getenv("ROAM_TEST_REFUSES"))
    throw std::invalid_argument("no prices today");
  return 0;
}
const int refused = refuse();

template <class F>
const EntryRecord* record(const F&) {
  return recordOf<CallShape<F>>();
}

} // namespace

[[roam::peer_local]] int visits = 0;

} // namespace roam::peer::testing

using namespace roam::peer::testing;

/// All closures, the last without a name.
extern "C" __attribute__((visibility("default"))) const Sent* sentClosures() {
  int n = 0;
  double a = 0, b = 0, c = 0;
  static const Sent all[] = {{"triple", record([n] { return n * 3; })},
                             {"price", record([n] { return prices.at(n == 1 ? "rope" : "wire"); })},
                             {"fused", record([a, b, c] { return a * b + c; })},
                             {"static", record([n] {
                                static std::vector<int> seen;
                                seen.push_back(n);
                                return int(seen.size());
                              })},
                             {"thread_local", record([n] {
                                thread_local int sum = 0;
                                return sum += std::abs(n);
                              })},
                             {"fee", record([n] { return fee(n); })},
                             {"fails", record([n] { return n + refused; })},
                             {"counted", record([n] { return n + counted(); })},
                             {"bulk", record([n] { return n + bulk; })},
                             {"peer-local", record([n] { return n + ++visits; })},
                             {nullptr, nullptr}};
  return all;
}
extern "C" __attribute__((visibility("default"))) const char* recordsOfFunctions() {
  return __start_roam_functions;
}
extern "C" __attribute__((visibility("default"))) const char* recordsOfFunctionsEnd() {
  return __stop_roam_functions;
}
