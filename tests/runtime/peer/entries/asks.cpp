// Makes the file PATH.begun for the captured PATH, then waits until it is cancelled, and makes
// PATH.heard.
#include "entry-main.h"
#include <fcntl.h>
#include <roam/cancelled.h>
#include <string>
#include <unistd.h>

ENTRY() {
  std::string path(captures, capturesSize);
  close(open((path + ".begun").c_str(), O_CREAT | O_WRONLY, 0600));
  while (!roam::cancelled())
    usleep(500);
  close(open((path + ".heard").c_str(), O_CREAT | O_WRONLY, 0600));
  return roam::Outcome::done;
}
