// The definition of one entry by an object, as ORC wants it.
#pragma once
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/Layer.h>
#include <llvm/Support/MemoryBuffer.h>
#include <span>

namespace roam::jit {

/// Copies the code; the linker must outlive it.
class ObjectUnit : public llvm::orc::MaterializationUnit {
 public:
  ObjectUnit(llvm::orc::SymbolStringPtr name, std::span<const std::byte> code,
             llvm::orc::ObjectLayer& linker)
      : MaterializationUnit(Interface({{name, flags()}}, nullptr)),
        object_(llvm::MemoryBuffer::getMemBufferCopy(
            {reinterpret_cast<const char*>(code.data()), code.size()}, *name)),
        linker_(linker) {}

  llvm::StringRef getName() const override { return "object"; }

  void materialize(std::unique_ptr<llvm::orc::MaterializationResponsibility> promised) override {
    linker_.emit(std::move(promised), std::move(object_));
  }

 private:
  static llvm::JITSymbolFlags flags() {
    return llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable;
  }

  void discard(const llvm::orc::JITDylib&, const llvm::orc::SymbolStringPtr&) override {}

  std::unique_ptr<llvm::MemoryBuffer> object_;
  llvm::orc::ObjectLayer& linker_;
};

} // namespace roam::jit
