// Inline assembly that no assembler takes.
#include "entry-main.h"

ENTRY() {
  asm volatile("bogusInstruction %rax");
  return roam::Outcome::done;
}
