// Verifies, parses and prepares a slice.
#include "jit/slice-module.h"
#include "jit/bad-slice.h"
#include "jit/group-module.h"
#include "jit/kept-addresses.h"
#include "jit/llvm-error.h"
#include "jit/slice/manifest.h"
#include "jit/symbol-name.h"
#include <llvm/Bitcode/BitcodeReader.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

namespace roam::jit {
namespace {

[[noreturn]] void refuse(const Digest& digest, const std::string& why) {
  throw BadSlice("slice " + digest.shortened() + " " + why);
}

void checkDigest(const Digest& digest, std::span<const std::byte> bytes) {
  if (Digest actual = Digest::of(bytes); actual != digest)
    refuse(digest, "is damaged: its " + std::to_string(bytes.size()) + " bytes have the digest " +
                       actual.shortened());
}

/// Code for another machine would be compiled without complaint, and crash.
void checkLayout(const Digest& digest, llvm::Module& module, const llvm::DataLayout& layout) {
  if (module.getDataLayoutStr().empty())
    module.setDataLayout(layout);
  else if (module.getDataLayout() != layout)
    refuse(digest, "is for another machine: its data layout is '" + module.getDataLayoutStr() +
                       "', here it is '" + layout.getStringRepresentation() + "'");
}

std::unique_ptr<llvm::Module> parse(const Digest& digest, std::span<const std::byte> bytes,
                                    const llvm::DataLayout& layout, llvm::LLVMContext& context) {
  llvm::StringRef text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto module = llvm::parseBitcodeFile(llvm::MemoryBufferRef(text, "slice"), context);
  if (!module)
    throwBadSlice(module.takeError(), "slice " + digest.shortened() + " can't be parsed");
  std::string faults;
  llvm::raw_string_ostream stream(faults);
  if (llvm::verifyModule(**module, &stream))
    refuse(digest, "is not valid code: " + faults);
  checkLayout(digest, **module, layout);
  return std::move(*module);
}

std::unique_ptr<llvm::Module> parseGroup(const Digest& digest, std::string_view bytes,
                                         const llvm::DataLayout& layout,
                                         llvm::LLVMContext& context) {
  try {
    SliceGroup group = SliceGroup::read(bytes);
    std::vector<std::unique_ptr<llvm::Module>> members;
    for (const SliceGroup::Member& member : group.members)
      members.push_back(parse(digest, std::as_bytes(std::span(member.slice)), layout, context));
    auto module = joinMembers(group, std::move(members));
    defineTargets(*module, group.targets);
    noteLibraries(*module, group.libraries);
    return module;
  } catch (const BadSlice&) {
    throw;
  } catch (const std::runtime_error& error) {
    refuse(digest, std::string("can't be put together: ") + error.what());
  }
}

void checkInit(const Digest& digest, llvm::Module& module) {
  llvm::GlobalValue* init = module.getNamedValue(initSymbol);
  if (!init)
    return;
  auto* type =
      llvm::FunctionType::get(llvm::Type::getVoidTy(module.getContext()), /*isVarArg=*/false);
  if (init->isDeclaration() || init->getValueType() != type)
    refuse(digest, std::string("has a ") + initSymbol + " that is no function void()");
  init->setLinkage(llvm::GlobalValue::ExternalLinkage);
  init->setVisibility(llvm::GlobalValue::DefaultVisibility);
}

void nameEntry(const Digest& digest, llvm::Module& module) {
  llvm::Function* entry = module.getFunction(entrySymbol);
  if (!entry || entry->isDeclaration())
    refuse(digest, std::string("has no entry: it does not define ") + entrySymbol);
  if (auto* starters = module.getNamedGlobal("llvm.global_ctors");
      starters && !starters->getInitializer()->isNullValue())
    refuse(digest, std::string("has variables that are initialised when a program starts, and not "
                               "by its ") +
                       initSymbol);
  entry->setName(symbolName(digest));
  entry->setLinkage(llvm::GlobalValue::ExternalLinkage);
  entry->setVisibility(llvm::GlobalValue::DefaultVisibility);
}

/// `int atexit(void (*end)())` as the C library links it into every program: around __cxa_atexit
/// and the program's __dso_handle, which here is the ExitList. That tells a slice by the object it
/// is to destroy, so the function itself is given as the object: called with its slice's unloading.
void defineAtExit(llvm::Module& module) {
  llvm::Function* atExit = module.getFunction("atexit");
  llvm::IRBuilder<> builder(module.getContext());
  auto* pointer = builder.getPtrTy();
  auto* type = llvm::FunctionType::get(builder.getInt32Ty(), pointer, false);
  if (!atExit || !atExit->isDeclaration() || atExit->getFunctionType() != type)
    return;
  auto destroying =
      module.getOrInsertFunction("__cxa_atexit", builder.getInt32Ty(), pointer, pointer, pointer);
  llvm::Constant* list = module.getOrInsertGlobal("__dso_handle", builder.getInt8Ty());
  llvm::Value* end = atExit->getArg(0);
  builder.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "", atExit));
  builder.CreateRet(builder.CreateCall(destroying, {end, end, list}));
}

/// Slices share one symbol table, so a definition is its slice's own; and what is undefined may be
/// far away, so that even a hidden name (__dso_handle) is reached through the global offset table.
void settleSymbols(llvm::Module& module, const llvm::GlobalValue* entry) {
  for (llvm::GlobalValue& value : module.global_values()) {
    if (value.isDeclarationForLinker()) {
      value.setVisibility(llvm::GlobalValue::DefaultVisibility);
      value.setDSOLocal(false);
    } else if (&value != entry && value.getName() != initSymbol &&
               !value.getName().starts_with("llvm.")) {
      if (auto* object = llvm::dyn_cast<llvm::GlobalObject>(&value))
        object->setComdat(nullptr);
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
    }
  }
}

/// Variables that keep their value between calls get names in the order of the module, which is the
/// same whenever the slice is compiled: so that a second object of it can use those of the first.
/// That may lie far away, so they are reached through the global offset table.
void nameState(llvm::Module& module) {
  unsigned number = 0;
  for (llvm::GlobalVariable& variable : module.globals()) {
    if (variable.isDeclaration() || variable.isConstant() ||
        variable.getName().starts_with("llvm."))
      continue;
    variable.setName(stateName(number++));
    variable.setLinkage(llvm::GlobalValue::ExternalLinkage);
    variable.setVisibility(llvm::GlobalValue::DefaultVisibility);
    variable.setDSOLocal(false);
  }
}

} // namespace

std::unique_ptr<llvm::Module> readSlice(const Digest& digest, std::span<const std::byte> bytes,
                                        const llvm::DataLayout& layout,
                                        llvm::LLVMContext& context) {
  checkDigest(digest, bytes);
  // From here on the bytes are what their author meant.
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  auto module = SliceGroup::isGroup(text) ? parseGroup(digest, text, layout, context)
                                          : parse(digest, bytes, layout, context);
  nameEntry(digest, *module);
  defineTargets(*module, {}); // where nothing did so far
  checkInit(digest, *module);
  defineAtExit(*module);
  settleSymbols(*module, module->getNamedValue(symbolName(digest)));
  nameState(*module);
  nameKeptAddresses(*module);
  module->setModuleIdentifier(symbolName(digest));
  return module;
}

} // namespace roam::jit
