// Defines something else.
int notTheEntry(int x) {
  return x;
}
