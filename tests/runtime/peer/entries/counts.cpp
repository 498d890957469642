// Counts its calls in a peer-local variable.
#include "entry-main.h"

extern std::int64_t calls asm("roam.peer_local:calls:8:8:_ZTSl");

ENTRY() {
  ++calls;
  out->write(&calls, 8);
  return roam::Outcome::done;
}
