// Uses a processor for ever.
#include "entry-main.h"

ENTRY() {
  for (volatile unsigned turns = 0;;)
    turns = turns + 1;
}
