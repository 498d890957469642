// Peer-local variables with destructors that are the slice's own: each writes its number where it
// was told to.
extern "C" int entry(int* log, int number) asm("roam.root");
extern "C" int __cxa_atexit(void (*)(void*), void*, void*) noexcept;
extern "C" __attribute__((visibility("hidden"))) void* __dso_handle;

extern int* at asm("roam.peer_local:at:8:8:_ZTSPi");
extern int numbers[4] asm("roam.peer_local:numbers:16:4:_ZTSA4_i");

static void destroy(void* number) {
  *at++ = *static_cast<int*>(number);
}

int entry(int* log, int number) {
  at = log;
  numbers[number] = number + 1;
  return __cxa_atexit(destroy, &numbers[number], &__dso_handle);
}
