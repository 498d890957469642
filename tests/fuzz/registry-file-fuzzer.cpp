// Files of a registry folder, and their names: read, or nothing; what was read is written alike.
#include "net/discovery/registry-file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace roam::net;
  std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (auto file = RegistryFile::parse(text)) {
    auto again = RegistryFile::parse(file->text());
    if (again && again->text() != file->text())
      __builtin_trap();
  }
  if (auto address = addressOfName(text); address && registryName(*address) != text)
    __builtin_trap();
  return 0;
}
