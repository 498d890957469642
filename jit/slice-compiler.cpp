// From verified bytes to a module to an object, and what LLVM finds wrong on the way.
#include "jit/slice-compiler.h"
#include "jit/compiler.h"
#include "jit/slice-module.h"
#include <chrono>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Operator.h>
#include <llvm/Support/raw_ostream.h>

namespace roam::jit {
namespace {

/// Slices with more instructions start at level 0. Level 2 takes some 80 us an instruction, 10 to
/// 18 times as long as level 0 (bench/compile/heavy.cpp): below this at most 10 ms.
constexpr std::size_t instructionsAtOnce = 100;

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

/// Compiled with -ffast-math: then the results of two levels may differ, and one should do.
bool mayReorder(const llvm::Function& function) {
  return llvm::any_of(llvm::instructions(function), [](const llvm::Instruction& instruction) {
    return llvm::isa<llvm::FPMathOperator>(instruction) && instruction.hasAllowReassoc();
  });
}

class LlvmSliceCompiler final : public SliceCompiler {
 public:
  explicit LlvmSliceCompiler(const std::string& cpu) : compiler_(cpu) {}

  std::vector<std::byte> compile(const Digest& digest, std::span<const std::byte> slice,
                                 Level level) override {
    auto start = std::chrono::steady_clock::now();
    CompiledObject object;
    Compiler::Code code;
    inModule(digest, slice, [&](llvm::Module& module) {
      object.target = compiler_.target(levelFor(module, level));
      code = compiler_.compile(module, object.target.level);
    });
    object.slice = digest;
    object.code = std::as_bytes(std::span(code.data(), code.size()));
    object.compileNanoseconds = static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now() - start).count());
    return object.write();
  }

  std::string ir(const Digest& digest, std::span<const std::byte> slice) override {
    llvm::LLVMContext context;
    std::string text;
    llvm::raw_string_ostream stream(text);
    stream << *readSlice(digest, slice, compiler_.layout(), context);
    return stream.str();
  }

  std::string assembly(const Digest& digest, std::span<const std::byte> slice) override {
    std::string text;
    inModule(digest, slice, [&](llvm::Module& module) { text = compiler_.assembly(module, 2); });
    return text;
  }

  ObjectTarget target() const override { return compiler_.target(2); }

 private:
  template <class Generate>
  void inModule(const Digest& digest, std::span<const std::byte> slice, const Generate& generate) {
    llvm::LLVMContext context;
    Errors errors(context);
    auto module = readSlice(digest, slice, compiler_.layout(), context);
    if (std::string lacked = compiler_.featuresLackedFor(*module); !lacked.empty())
      throw BadSlice("slice " + digest.shortened() +
                     " uses intrinsics that need the CPU features " + lacked + ", which the CPU " +
                     compiler_.target(2).cpu + " does not have");
    generate(*module);
    errors.throwIfAny(digest);
  }

  static unsigned levelFor(const llvm::Module& module, Level level) {
    if (level != Level::chosen)
      return level == Level::quick ? 0 : 2;
    if (llvm::any_of(module, mayReorder))
      return 2;
    return module.getInstructionCount() > instructionsAtOnce ? 0 : 2;
  }

  Compiler compiler_;
};

} // namespace

std::unique_ptr<SliceCompiler> SliceCompiler::open(const std::string& cpu) {
  return std::make_unique<LlvmSliceCompiler>(cpu);
}

} // namespace roam::jit
