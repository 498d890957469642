// Allocates the captured number of MiB, in pieces of one; gives back the process. With a second
// number that is not 0, what it has allocated stays when it throws.
#include "entry-main.h"
#include <cstdlib>
#include <new>
#include <unistd.h>

namespace {

struct Piece {
  Piece* next;
};

void drop(Piece* piece) {
  while (piece != nullptr) {
    Piece* next = piece->next;
    std::free(piece);
    piece = next;
  }
}

} // namespace

ENTRY() {
  auto wanted = read<std::int64_t>(captures), keeps = read<std::int64_t>(captures + 8);
  Piece* last = nullptr;
  for (std::int64_t i = 0; i < wanted; ++i) {
    auto* piece = static_cast<Piece*>(std::malloc(1 << 20));
    if (piece == nullptr) {
      if (keeps == 0)
        drop(last);
      throw std::bad_alloc();
    }
    piece->next = last;
    last = piece;
  }
  drop(last);
  std::int64_t id = getpid();
  out->write(&id, 8);
  return roam::Outcome::done;
}
