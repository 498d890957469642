// Records of a cluster's store: refused, or read; what was read is written in one form and read
// again.
#include "runtime/store-records.h"
#include <stdexcept>

namespace {

template <class Record>
void readAndWrite(std::string_view bytes) {
  try {
    std::string once = Record::read(bytes).write();
    if (Record::read(once).write() != once)
      __builtin_trap();
  } catch (const std::runtime_error&) { // refused, in words
  }
}

/// The size of a code, as a record with `read` and `write`.
struct CodeSize {
  std::uint64_t bytes;
  static CodeSize read(std::string_view record) { return {roam::readCodeSize(record)}; }
  std::string write() const { return roam::writeCodeSize(bytes); }
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view record(reinterpret_cast<const char*>(bytes), size);
  readAndWrite<roam::Binding>(record);
  readAndWrite<roam::MemberRecord>(record);
  readAndWrite<CodeSize>(record);
  return 0;
}
