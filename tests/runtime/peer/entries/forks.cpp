// Starts a process that sleeps for ever, and writes its number to the file PATH for the captured
// PATH, whole when it is there. Then it sleeps, too.
#include "entry-main.h"
#include <cstdio>
#include <string>
#include <unistd.h>

ENTRY() {
  std::string path(captures, capturesSize);
  pid_t child = fork();
  if (child != 0) {
    std::FILE* file = std::fopen((path + ".new").c_str(), "w");
    std::fprintf(file, "%d", static_cast<int>(child));
    std::fclose(file);
    std::rename((path + ".new").c_str(), path.c_str());
  }
  for (;;)
    pause();
}
