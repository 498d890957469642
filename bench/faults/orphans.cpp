// Each task says that it lives by the time of a file, so that whoever runs it need not be asked.
// Half of them look whether they are cancelled, the other half must be ended.
#include "bench/faults/orphans.h"
#include "bench/peers.h"
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <roam/roam.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace roam::bench {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr int batches = 20, programsInBatch = 10;
constexpr int warmBatches = 4;   ///< after which memory should be level
constexpr double mostGrown = 16; ///< megabytes

/// Lives for a minute, if nobody ends it.
void runTask(const std::string& folder, int number) {
  const std::string file = folder + "/" + std::to_string(getpid()) + "-" + std::to_string(number);
  auto end = std::chrono::steady_clock::now() + 60s;
  while (std::chrono::steady_clock::now() < end && (number % 2 == 0 || !roam::cancelled())) {
    std::ofstream(file).put('\n');
    std::this_thread::sleep_for(10ms);
  }
}

[[noreturn]] void mapForEver(const std::string& addresses, const std::string& folder) {
  Cluster cluster = connect(addresses);
  std::vector<int> numbers(2000);
  for (int i = 0; i < 2000; ++i)
    numbers[std::size_t(i)] = i;
  Options options;
  options.chunk = 1;
  cluster.map(
      numbers,
      [folder](int number) {
        runTask(folder, number);
        return number;
      },
      options);
  _exit(0);
}

unsigned livingTasks(const std::string& folder) {
  unsigned count = 0;
  for (auto& file : fs::directory_iterator(folder))
    count += fs::file_time_type::clock::now() - file.last_write_time() < 1s;
  return count;
}

void awaitFirstTask(const std::string& folder) {
  for (int milliseconds = 0; fs::is_empty(folder); ++milliseconds) {
    if (milliseconds == 60'000)
      throw std::runtime_error("no task began within a minute");
    std::this_thread::sleep_for(1ms);
  }
}

double residentMegabytes(pid_t process) {
  std::ifstream file("/proc/" + std::to_string(process) + "/statm");
  double total = 0, resident = 0;
  file >> total >> resident;
  return resident * double(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

} // namespace

void benchOrphans() {
  Peers peers(2, "");
  unsigned orphans = 0;
  double memory = 0;
  for (int batch = 0; batch < batches; ++batch) {
    TemporaryFolder folder;
    std::vector<pid_t> programs;
    for (int i = 0; i < programsInBatch; ++i) {
      programs.push_back(fork());
      if (programs.back() == 0)
        mapForEver(peers.addresses(), folder.path());
    }
    awaitFirstTask(folder.path());
    for (pid_t program : programs) {
      std::this_thread::sleep_for(10ms); // wherever the next one is by then
      kill(program, SIGKILL);
      waitpid(program, nullptr, 0);
    }
    std::this_thread::sleep_for(5s);
    orphans += livingTasks(folder.path());
    if (batch + 1 == warmBatches)
      memory = residentMegabytes(peers.processes()[0]);
  }
  std::printf("orphans %u tasks\n", orphans);
  double grown = residentMegabytes(peers.processes()[0]) - memory;
  if (grown > mostGrown)
    throw std::runtime_error("the supervisor's memory has grown by " + std::to_string(grown) +
                             " MB: it keeps something of programs that are gone");
}

} // namespace roam::bench
