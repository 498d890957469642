// Starts a pool of two workers, prints their process ids in one line, and waits to be killed.
#include "jit/host-target.h"
#include "runtime/peer/worker-pool.h"
#include <cstdio>
#include <kj/async-io.h>

namespace {
class NoLog final : public roam::net::Log {
  void line(kj::StringPtr) override {}
};
} // namespace

int main() {
  auto io = kj::setupAsyncIo();
  NoLog log;
  roam::peer::Compilers compilers(io.unixEventPort, io.provider->getTimer(), log,
                                  kj::str("never started"), 1);
  roam::peer::CodeLadder ladder(compilers, log, {.host = roam::jit::hostTarget()});
  roam::peer::Quarantine quarantine(io.provider->getTimer());
  roam::peer::WorkerPool pool(io.unixEventPort, io.provider->getTimer(), log, ladder, quarantine,
                              {2, kj::str(ROAM_WORKER)});
  pool.ready().wait(io.waitScope);
  for (pid_t id : pool.processes())
    std::printf("%d ", static_cast<int>(id));
  std::printf("\n");
  std::fflush(stdout);
  kj::Promise<void>(kj::NEVER_DONE).wait(io.waitScope);
}
