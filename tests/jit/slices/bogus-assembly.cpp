// Inline assembly that no assembler takes.
extern "C" int entry() asm("roam.root");

int entry() {
  asm volatile("bogusInstruction %rax");
  return 0;
}
