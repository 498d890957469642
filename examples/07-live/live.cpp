// A function changes while a loop calls it: no call fails, and none is of an earlier revision than
// the one before.
//
//   1. Bind a name to a lambda. From now on it is called by its name.
//   2. Another thread calls it without a pause. It could as well be another program.
//   3. Bind the name anew, three times: the loop goes on, and calls the new code.
//   4. The last one was wrong: back to the one before it, with the command for operators.
//
// Run it with `roam` on PATH, and peers in ROAM_JOIN.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <roam/live.h>
#include <roam/roam.h>
#include <thread>
#include <vector>

struct Seen {
  double price;
  int calls;
};

int main() {
  roam::Cluster cluster = roam::connect();
  cluster.publish("price", [](double euros) { return euros; }); // 1

  std::atomic<int> calls = 0;
  int failed = 0;
  std::vector<Seen> seen;
  std::jthread loop([&](std::stop_token end) { // 2
    auto price = roam::live<double(double)>("price");
    for (; !end.stop_requested(); ++calls, calls.notify_one())
      try {
        double now = price(100);
        if (seen.empty() || seen.back().price != now)
          seen.push_back({now, 0});
        ++seen.back().calls;
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        ++failed;
      }
  });
  auto awaitCalls = [&calls](int more) {
    for (int now = calls, last = now + more; now < last; now = calls)
      calls.wait(now);
  };

  awaitCalls(100);
  cluster.publish("price", [](double euros) { return euros > 50 ? euros - 5 : euros; }); // 3
  awaitCalls(100);
  double percent = 10;
  cluster.publish("price", [=](double euros) { return euros * (1 - percent / 100); });
  awaitCalls(100);
  cluster.publish("price", [=](double euros) { return euros * percent / 100; });
  awaitCalls(100);
  if (std::system("roam rollback price") != 0) // 4
    return 1;
  awaitCalls(100);
  loop.request_stop();
  loop.join();

  for (const Seen& each : seen)
    std::printf("%6.2f EUR in %5d calls\n", each.price, each.calls);
  std::printf("%d of %d calls failed\n", failed, calls.load());
  std::vector<double> prices;
  for (const Seen& each : seen)
    prices.push_back(each.price);
  bool inOrder = prices == std::vector<double>{100, 95, 90, 10, 90};
  return failed == 0 && inOrder ? 0 : 1;
}
