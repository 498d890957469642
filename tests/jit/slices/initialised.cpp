// Variables that are initialised by roam.init: one with a destructor, one that counts.
extern "C" int entry(int* destroyed) asm("roam.root");
extern "C" void init() asm("roam.init");
extern "C" int __cxa_atexit(void (*)(void*), void*, void*) noexcept;
extern "C" __attribute__((visibility("hidden"))) void* __dso_handle;

namespace {
int runs = 0;
int* destroyedAt = nullptr;

void destroy(void*) {
  if (destroyedAt != nullptr)
    ++*destroyedAt;
}
} // namespace

void init() {
  ++runs;
  __cxa_atexit(destroy, &runs, &__dso_handle);
}

int entry(int* destroyed) {
  destroyedAt = destroyed;
  return runs;
}
