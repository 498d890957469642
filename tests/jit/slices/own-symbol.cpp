// Reaches for a function of the host's executable.
extern "C" int functionOfTheExecutable();
extern "C" int entry() asm("roam.root");

int entry() {
  return functionOfTheExecutable();
}
