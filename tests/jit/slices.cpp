// Reads, makes and gives the slices of the tests.
#include "slices.h"
#include <fstream>
#include <iterator>
#include <llvm/AsmParser/Parser.h>
#include <llvm/Bitcode/BitcodeWriter.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Module.h>
#include <llvm/Support/SourceMgr.h>
#include <llvm/Support/raw_ostream.h>
#include <stdexcept>

namespace roam::jit {

std::string sliceNamed(const std::string& name) {
  std::string path = std::string(ROAM_TEST_SLICES) + "/" + name + ".bc";
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::runtime_error("can't open " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string assembled(const std::string& text) {
  llvm::LLVMContext context;
  llvm::SMDiagnostic fault;
  auto module = llvm::parseAssemblyString(text, fault, context);
  if (!module)
    throw std::runtime_error("no LLVM assembly: " + fault.getMessage().str());
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  llvm::WriteBitcodeToFile(*module, stream);
  return bytes;
}

namespace {

/// A slice whose entry `int()` returns what `build` builds.
template <class Build>
std::string sliceWith(Build build) {
  llvm::LLVMContext context;
  llvm::Module module("slice", context);
  llvm::IRBuilder<> builder(context);
  auto* type = llvm::FunctionType::get(builder.getInt32Ty(), false);
  auto* entry =
      llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, "roam.root", module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", entry));
  builder.CreateRet(build(module, builder));
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  llvm::WriteBitcodeToFile(module, stream);
  return bytes;
}

} // namespace

std::string sliceReturning(int number) {
  return sliceWith([&](llvm::Module&, llvm::IRBuilder<>& builder) {
    return builder.getInt32(static_cast<unsigned>(number));
  });
}

std::string sliceAdding(const std::string& symbol, int number) {
  return sliceWith([&](llvm::Module& module, llvm::IRBuilder<>& builder) {
    auto* variable = module.getOrInsertGlobal(symbol, builder.getInt32Ty());
    auto* sum = builder.CreateAdd(builder.CreateLoad(builder.getInt32Ty(), variable),
                                  builder.getInt32(static_cast<unsigned>(number)));
    builder.CreateStore(sum, variable);
    return sum;
  });
}

Digest MemorySource::add(std::string slice) {
  Digest digest = Digest::of(slice);
  giveSlice(digest, std::move(slice));
  return digest;
}

void MemorySource::give(const Digest& digest, std::string bytes, bool isObject) {
  std::lock_guard lock(mutex_);
  Code& code = code_[digest];
  code.bytes = std::move(bytes);
  code.isObject = isObject;
}

std::string MemorySource::objectOf(const Digest& digest) {
  std::lock_guard lock(mutex_);
  return code_[digest].object;
}

std::span<const std::byte> MemorySource::fetch(const Digest& digest) {
  ++fetches;
  Code* code;
  {
    std::lock_guard lock(mutex_);
    auto found = code_.find(digest);
    if (found == code_.end())
      throw std::out_of_range("nobody has " + digest.toString());
    code = &found->second;
  }
  if (code->isObject)
    return std::as_bytes(std::span(code->bytes));
  auto object = compiler_->compile(digest, std::as_bytes(std::span(code->bytes)), level);
  ++compilations;
  std::lock_guard lock(mutex_);
  code->object.assign(reinterpret_cast<const char*>(object.data()), object.size());
  return std::as_bytes(std::span(code->object));
}

} // namespace roam::jit
