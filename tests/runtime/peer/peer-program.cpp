// A peer as a program, for tests of the peer itself: PEER-PROGRAM ADDRESS CACHE-DIRECTORY LIFELINE
// [WORKER]
#include "runtime/peer/peer.h"
#include <cstdlib>

int main(int argc, char** argv) {
  if (argc < 4)
    return 2;
  roam::peer::PeerOptions options;
  options.listen = {argv[1], "127.0.0.1:0"};
  options.cacheDirectory = argv[2];
  options.lifelineFd = std::atoi(argv[3]);
  options.workers = 2;
  options.version = "test";
  options.workerExecutable = argc > 4 ? argv[4] : ROAM_WORKER;
  options.compilerExecutable = ROAM_COMPILER;
  return roam::peer::runPeer(options);
}
