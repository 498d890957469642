// Looks names up: the few that are ours to define, then the shared libraries.
#include "jit/host-symbols.h"
#include "jit/exit-list.h"
#include "jit/slice/peer-symbols.h"
#include "jit/slice/slice-group.h"
#include <algorithm>
#include <dlfcn.h>
#include <link.h>
#include <string_view>

extern "C" void* __emutls_get_address(void* control); // libgcc.a

namespace roam::jit {
namespace {

template <class Function>
void* addressOf(Function* function) {
  return reinterpret_cast<void*>(function);
}

/// The memory of the executable: the first object of the dynamic linker's list.
int findProgram(dl_phdr_info* object, std::size_t, void* range) {
  auto& [begin, end] = *static_cast<std::pair<std::uintptr_t, std::uintptr_t>*>(range);
  begin = UINTPTR_MAX;
  end = 0;
  for (const ElfW(Phdr)* segment = object->dlpi_phdr;
       segment != object->dlpi_phdr + object->dlpi_phnum; ++segment)
    if (segment->p_type == PT_LOAD) {
      begin = std::min(begin, object->dlpi_addr + segment->p_vaddr);
      end = std::max(end, object->dlpi_addr + segment->p_vaddr + segment->p_memsz);
    }
  return 1;
}

} // namespace

/// A thread_local variable of a shared library, as compiled code with emulated TLS names it. The
/// layout is libgcc's `struct __emutls_object` (emutls.c); an alignment of zero, which libgcc never
/// has, marks ours.
struct HostSymbols::ThreadLocal {
  std::size_t size = 0;
  std::size_t alignment = 0;
  void* offset = nullptr;
  void* initial = nullptr;
  std::string variable;
};

HostSymbols::HostSymbols(ExitList& exits) : exits_(exits) {
  std::pair<std::uintptr_t, std::uintptr_t> program;
  dl_iterate_phdr(findProgram, &program);
  std::tie(programBegin_, programEnd_) = program;
}

HostSymbols::~HostSymbols() = default;

std::optional<std::string> HostSymbols::load(const std::string& soname) {
  if (!isSoname(soname))
    return "that is not the name of a shared library";
  if (dlopen(soname.c_str(), RTLD_NOW | RTLD_GLOBAL))
    return std::nullopt;
  const char* why = dlerror();
  return why ? why : "it can't be loaded";
}

void* HostSymbols::find(const std::string& name) {
  void* address = findLocal(name);
  return address ? address : findShared(name);
}

void* HostSymbols::findLocal(const std::string& name) {
  if (name == "__dso_handle")
    return &exits_;
  if (name == "__cxa_atexit")
    return addressOf(&ExitList::atExit);
  if (name == "__cxa_thread_atexit" || name == "__cxa_thread_atexit_impl")
    return addressOf(&ExitList::atThreadExit);
  if (name == "__emutls_get_address")
    return addressOf(&threadLocalAddress);
  if (name == cancelledSymbol)
    return dlsym(RTLD_DEFAULT, name.c_str()); // the executable's own
  if (name.starts_with(emulatedPrefix))
    return findThreadLocal(name.substr(emulatedPrefix.size()));
  return nullptr;
}

void* HostSymbols::findShared(const std::string& name) const {
  void* found = dlsym(RTLD_DEFAULT, name.c_str());
  auto address = reinterpret_cast<std::uintptr_t>(found);
  if (address < programBegin_ || address >= programEnd_)
    return found;
  // The executable's own, unless it stands in for a library's: a copied variable (std::cout), an
  // intercepted malloc.
  return dlsym(RTLD_NEXT, name.c_str()) ? found : nullptr;
}

void* HostSymbols::findThreadLocal(const std::string& variable) {
  if (!findShared(variable))
    return nullptr;
  std::lock_guard lock(mutex_);
  auto& control = threadLocals_[variable];
  if (!control) {
    control = std::make_unique<ThreadLocal>();
    control->variable = variable;
  }
  return control.get();
}

/// What slices call as __emutls_get_address. libgcc never gives back a slice's place in each
/// thread's table: unloading a slice with thread-locals costs their size in every thread that used
/// them.
void* HostSymbols::threadLocalAddress(void* control) {
  auto& object = *static_cast<ThreadLocal*>(control);
  if (object.alignment != 0)
    return __emutls_get_address(control);
  return dlsym(RTLD_DEFAULT, object.variable.c_str()); // of the calling thread
}

} // namespace roam::jit
