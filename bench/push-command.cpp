#include "bench/push-command.h"
#include "bench/measure.h"
#include "bench/peers.h"
#include <cstdlib>
#include <fstream>

namespace roam::bench {
namespace {

constexpr int rounds = 21;

/// Milliseconds.
double timeToPush(const std::string& folder, const std::string& where, int constant) {
  std::string file = folder + "/pricing.cpp";
  std::ofstream(file) << "#include <map>\n#include <roam/roam.h>\n#include <string>\n"
                         "#include <vector>\n"
                         "[[roam::live(\"pricing.convert\")]] double convert(double euros) {\n"
                         "  return euros * "
                      << constant << ";\n}\n";
  std::string command = "XDG_CACHE_HOME='" + folder + "' '" + roamCommand() + "' push --join " +
                        where + " '" + file + "' > '" + folder + "/output'";
  double start = now();
  int status = std::system(command.c_str());
  double time = (now() - start) * 1e3;
  require(status == 0, "push-command");
  return time;
}

} // namespace

void benchPushCommand() {
  TemporaryFolder folder;
  Peers first(1, "");
  Peers second(1, "", {"--join", first.addresses()});
  print("push-command-first", timeToPush(folder.path(), first.addresses(), 1), "ms");
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round)
    times.push_back(timeToPush(folder.path(), first.addresses(), round + 2));
  print("push-command", median(times), "ms");
}

} // namespace roam::bench
