// From a missing name to a linked object: fetch, verify, parse, compile, hand to the linker.
#include "jit/slice-generator.h"
#include "jit/session.h"
#include "jit/slice-module.h"
#include "jit/symbol-name.h"
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/Support/raw_ostream.h>

namespace roam::jit {
namespace {

/// What LLVM finds wrong with a slice while it reads and compiles it: inline assembly that is none,
/// a register that there is not. LLVM carries on after each, and a context that nobody listens to
/// ends the process. (What LLVM calls fatal still does; the one way there that is known, an
/// intrinsic that this CPU can't execute, is looked for before.)
class Errors {
 public:
  explicit Errors(llvm::LLVMContext& context) {
    context.setDiagnosticHandlerCallBack(&Errors::take, this);
  }
  Errors(const Errors&) = delete;

  void throwIfAny(const Digest& digest) const {
    if (!text_.empty())
      throw BadSlice("slice " + digest.shortened() + " can't be compiled: " + text_);
  }

 private:
  static void take(const llvm::DiagnosticInfo* found, void* self) {
    if (found->getSeverity() != llvm::DS_Error)
      return;
    std::string one;
    llvm::raw_string_ostream stream(one);
    llvm::DiagnosticPrinterRawOStream printer(stream);
    found->print(printer);
    std::string& text = static_cast<Errors*>(self)->text_;
    if (text.size() < most)
      text += (text.empty() ? "" : "\n") + llvm::StringRef(stream.str()).trim().str();
  }

  static constexpr std::size_t most = 4096; ///< bytes; one mistake can be in a thousand places
  std::string text_;
};

/// One slice that is not code yet.
class SliceUnit : public llvm::orc::MaterializationUnit {
 public:
  SliceUnit(const Digest& digest, llvm::orc::SymbolStringPtr name, SliceSource& source,
            Compiler& compiler, llvm::orc::ObjectLayer& linker, SliceTable& slices)
      : MaterializationUnit(Interface({{name, flags()}}, nullptr)), digest_(digest),
        source_(source), compiler_(compiler), linker_(linker), slices_(slices) {}

  llvm::StringRef getName() const override { return "slice"; }

  void materialize(std::unique_ptr<llvm::orc::MaterializationResponsibility> promised) override {
    std::unique_ptr<llvm::MemoryBuffer> object;
    try {
      object = makeObject();
    } catch (...) { // nothing may pass through ORC, whose frames do not clean up
      slices_.failed(digest_, std::current_exception());
      promised->failMaterialization();
      return;
    }
    linker_.emit(std::move(promised), std::move(object));
  }

 private:
  static llvm::JITSymbolFlags flags() {
    return llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable;
  }

  void discard(const llvm::orc::JITDylib&, const llvm::orc::SymbolStringPtr&) override {}

  std::unique_ptr<llvm::MemoryBuffer> makeObject() {
    SliceCode code = source_.fetch(digest_);
    if (code.kind == SliceCode::Kind::object)
      return llvm::MemoryBuffer::getMemBufferCopy(
          {reinterpret_cast<const char*>(code.bytes.data()), code.bytes.size()},
          symbolName(digest_));
    llvm::LLVMContext context;
    Errors errors(context);
    auto module = readSlice(digest_, code.bytes, compiler_.layout(), context);
    if (std::string lacked = compiler_.featuresLackedFor(*module); !lacked.empty())
      throw BadSlice("slice " + digest_.shortened() +
                     " uses intrinsics that need the CPU features " + lacked +
                     ", which this machine's CPU (" + compiler_.cpu() + ") does not have");
    auto object = compiler_.compile(*module);
    errors.throwIfAny(digest_);
    source_.compiled(digest_,
                     std::as_bytes(std::span(object->getBufferStart(), object->getBufferSize())));
    return object;
  }

  Digest digest_;
  SliceSource& source_;
  Compiler& compiler_;
  llvm::orc::ObjectLayer& linker_;
  SliceTable& slices_;
};

} // namespace

void SliceTable::defined(const Digest& digest, llvm::orc::ResourceTrackerSP tracker) {
  std::lock_guard lock(mutex_);
  Slice& slice = slices_[digest];
  slice.tracker = std::move(tracker);
  slice.failure = nullptr;
  slice.init = nullptr;
  slice.isPinned = false;
}

void SliceTable::failed(const Digest& digest, std::exception_ptr why) {
  std::lock_guard lock(mutex_);
  if (Slice& slice = slices_[digest]; !slice.failure)
    slice.failure = std::move(why);
}

void SliceTable::linked(const Digest& digest, void (*init)()) {
  std::lock_guard lock(mutex_);
  slices_[digest].init = init;
}

void SliceTable::pin(const Digest& digest) {
  std::lock_guard lock(mutex_);
  slices_[digest].isPinned = true;
}

SliceTable::Slice SliceTable::at(const Digest& digest) {
  std::lock_guard lock(mutex_);
  auto found = slices_.find(digest);
  return found == slices_.end() ? Slice() : found->second;
}

SliceTable::Slice SliceTable::take(const Digest& digest) {
  std::lock_guard lock(mutex_);
  auto slice = slices_.extract(digest);
  return slice ? std::move(slice.mapped()) : Slice();
}

std::unique_ptr<llvm::orc::MaterializationUnit>
makeSliceUnit(const Digest& digest, llvm::orc::SymbolStringPtr name, SliceSource& source,
              Compiler& compiler, llvm::orc::ObjectLayer& linker, SliceTable& slices) {
  return std::make_unique<SliceUnit>(digest, std::move(name), source, compiler, linker, slices);
}

llvm::Error SliceGenerator::tryToGenerate(llvm::orc::LookupState&, llvm::orc::LookupKind,
                                          llvm::orc::JITDylib& dylib,
                                          llvm::orc::JITDylibLookupFlags,
                                          const llvm::orc::SymbolLookupSet& names) {
  for (auto& [name, flags] : names) {
    auto digest = entryOf(*name);
    if (!digest)
      continue;
    auto tracker = dylib.createResourceTracker();
    slices_.defined(*digest, tracker);
    auto unit = makeSliceUnit(*digest, name, source_, compiler_, linker_, slices_);
    if (llvm::Error error = dylib.define(std::move(unit), tracker))
      return error;
  }
  return llvm::Error::success();
}

} // namespace roam::jit
