// Bitcode, there and back.
#include "plugin/rebuilding.h"
#include "plugin/canonical.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"

using namespace llvm;

namespace roam::plugin {

SmallVector<char, 0> bitcodeOf(const Module& module) {
  SmallVector<char, 0> bytes;
  BitcodeWriter writer(bytes);
  writer.writeModule(module, /*ShouldPreserveUseListOrder=*/false, nullptr, false, nullptr);
  writer.writeStrtab();
  return bytes;
}

Error checkRebuilding(StringRef bitcode) {
  LLVMContext fresh;
  prepareContext(fresh);
  auto module = parseBitcodeFile(MemoryBufferRef(bitcode, ""), fresh);
  if (!module)
    return createStringError("its bitcode cannot be read: " + toString(module.takeError()));
  auto again = bitcodeOf(**module);
  if (StringRef(again.data(), again.size()) != bitcode)
    return createStringError("read and written again it is not the same; please report this as a "
                             "bug of roam");
  return Error::success();
}

} // namespace roam::plugin
