// The answer in a program: what it calls itself, it waits for.
#include "roam/cancelled.h"

bool roamCancelled() noexcept {
  return false;
}
