// Records in the host's module. All of a record is in one COMDAT group named by the digest, so the
// linker keeps one copy of equal slices. Distances instead of addresses need no relocation at load
// time and no constructor. llvm.used makes the sections survive --gc-sections.
//
// The program itself emits a lambda's body only where it calls the lambda. So that what the lambda
// needs is linked nevertheless, from static libraries and with shared ones, the object asks for it:
// an undefined symbol without a relocation, which costs nothing and is no error if it stays so.
#include "plugin/embed.h"
#include "jit/slice/manifest.h"
#include "jit/slice/peer-symbols.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/Instructions.h"
#include "llvm/Transforms/Utils/ModuleUtils.h"

using namespace llvm;

namespace roam::plugin {
namespace {

class Embedder {
 public:
  Embedder(Module& module, const std::optional<LinkedTarget>& linked)
      : module_(module), context_(module.getContext()) {
    if (linked)
      linked_.emplace(module, *linked);
  }
  ~Embedder() {
    if (linked_)
      use(linked_->addTable());
    appendToUsed(module_, used_);
  }

  /// The record of an entry; made once a digest.
  GlobalVariable* record(const Shipment::Item& item) {
    askFor(item.slice);
    linkEntry(item);
    return record(item, item.slice.digest.toString(), registrySection);
  }
  /// The record of a live function, which nothing in the program refers to; made once a name and
  /// digest.
  void live(const Shipment::Item& item) {
    std::string name = "live." + item.liveName + "." + item.slice.digest.toString();
    if (isThere(name))
      return;
    askFor(item.slice);
    linkEntry(item);
    record(item, name, registrySection);
  }
  /// The record of a function; made once a name and digest.
  void record(const Shipment::Function& function) {
    std::string name = function.symbol + "." + function.item.slice.digest.toString();
    if (linked_ && !isThere(name))
      use(linked_->addFunction(function.symbol, function.item.slice, function.item.elsewhere));
    record(function.item, name, functionsSection);
  }
  /// A NamedAddress, if the program takes the address at all.
  void address(const Shipment::Target& target) {
    Function* function = module_.getFunction(target.symbol);
    if (!function)
      return;
    auto* pair = ConstantStruct::getAnon({function, text(target.name)});
    auto* item = new GlobalVariable(module_, pair->getType(), true, GlobalValue::PrivateLinkage,
                                    pair, "roam.address");
    item->setSection(addressesSection);
    item->setAlignment(Align(8));
    used_.push_back(item);
  }
  /// A string that ends with NUL.
  GlobalVariable* text(StringRef text) {
    auto* bytes = ConstantDataArray::getString(context_, text);
    return new GlobalVariable(module_, bytes->getType(), true, GlobalValue::PrivateLinkage, bytes,
                              "");
  }

 private:
  /// Once a digest.
  void linkEntry(const Shipment::Item& item) {
    if (linked_ && !module_.getNamedValue("roam.linked." + item.slice.digest.toString()))
      use(linked_->addEntry(item.slice, item.elsewhere));
  }
  bool isThere(const std::string& name) const {
    return module_.getGlobalVariable("roam.record." + name) != nullptr;
  }
  /// Keeps it, if there is one, until the program is linked and in there.
  void use(GlobalVariable* variable) {
    if (variable)
      used_.push_back(variable);
  }
  GlobalVariable* record(const Shipment::Item& item, const std::string& name, StringRef section) {
    const WrittenSlice& slice = item.slice;
    if (GlobalVariable* made = module_.getGlobalVariable("roam.record." + name))
      return made;
    Comdat* group = module_.getOrInsertComdat("roam." + name);
    auto* code = bytes({slice.bytes.data(), slice.bytes.size()}, "roam.slice." + name, 8, group);
    std::string needs;
    for (const std::string& symbol : slice.needs)
      needs.append(symbol).push_back('\0');
    auto* symbols = bytes(needs, "roam.needs." + name, 1, group);
    auto* description = bytes(item.description, "roam.description." + name, 1, group);

    Type* word = Type::getInt64Ty(context_);
    auto digest = slice.digest.bytes();
    Constant* raw = ConstantDataArray::getRaw(
        StringRef(reinterpret_cast<const char*>(digest.data()), digest.size()), digest.size(),
        Type::getInt8Ty(context_));
    auto* type = StructType::get(context_, {raw->getType(), word, word, word, word, word, word});
    auto* made = add(UndefValue::get(type), "roam.record." + name, section, 8, group);
    auto size = [&](size_t size) { return ConstantInt::get(word, size); };
    made->setInitializer(ConstantStruct::get(
        type, {raw, distance(made, code), size(slice.bytes.size()), distance(made, symbols),
               size(needs.size()), distance(made, description), size(item.description.size())}));
    return made;
  }

  void askFor(const WrittenSlice& slice) {
    for (const std::string& symbol : slice.needs)
      // Of a thread-local variable one must say so; somebody else does, who uses it.
      if (!everyPeerDefines(symbol) && !is_contained(slice.threadLocalNeeds, symbol) &&
          asked_.insert(symbol).second)
        module_.appendModuleInlineAsm(".globl \"" + symbol + "\"");
  }
  GlobalVariable* add(Constant* value, const Twine& name, StringRef section, unsigned alignment,
                      Comdat* group) {
    auto* variable = new GlobalVariable(module_, value->getType(), /*isConstant=*/true,
                                        GlobalValue::LinkOnceODRLinkage, value, name);
    variable->setVisibility(GlobalValue::HiddenVisibility);
    variable->setSection(section);
    variable->setAlignment(Align(alignment));
    variable->setComdat(group);
    used_.push_back(variable);
    return variable;
  }
  GlobalVariable* bytes(StringRef bytes, const Twine& name, unsigned alignment, Comdat* group) {
    auto* text = ConstantDataArray::getRaw(bytes, bytes.size(), Type::getInt8Ty(context_));
    return add(text, name, codeSection, alignment, group);
  }
  Constant* distance(GlobalVariable* from, GlobalVariable* to) {
    Type* word = Type::getInt64Ty(context_);
    return ConstantExpr::getSub(ConstantExpr::getPtrToInt(to, word),
                                ConstantExpr::getPtrToInt(from, word));
  }

  Module& module_;
  LLVMContext& context_;
  std::optional<LinkedCode> linked_;
  SmallVector<GlobalValue*, 16> used_;
  StringSet<> asked_;
};

/// Replaces each call function(N) by replacement(N), unless that is null.
template <class Replacement>
void replaceCalls(Module& module, StringRef name, const Replacement& replacement) {
  Function* function = module.getFunction(name);
  if (!function)
    return;
  for (User* user : make_early_inc_range(function->users())) {
    auto* call = dyn_cast<CallBase>(user);
    auto* number = call ? dyn_cast<ConstantInt>(call->getArgOperand(0)) : nullptr;
    Constant* value = number ? replacement(unsigned(number->getZExtValue())) : nullptr;
    if (!value)
      continue; // left to the linker, which will name the function
    call->replaceAllUsesWith(value);
    call->eraseFromParent(); // it is noexcept: never an invoke
  }
}

} // namespace

bool embed(Module& module, const Shipment& shipment) {
  if (!module.getFunction("roamRecord") && !module.getFunction("roamHeldName") &&
      shipment.functions.empty() && shipment.targets.empty() && !shipment.hasLive())
    return false;
  Embedder embedder(module, shipment.linked);
  for (auto& [number, item] : shipment.entries)
    if (!item.liveName.empty())
      embedder.live(item);
  for (const Shipment::Function& function : shipment.functions)
    embedder.record(function);
  for (const Shipment::Target& target : shipment.targets)
    embedder.address(target);
  replaceCalls(module, "roamRecord", [&](unsigned number) -> Constant* {
    auto item = shipment.entries.find(number);
    return item == shipment.entries.end() ? nullptr : embedder.record(item->second);
  });
  replaceCalls(module, "roamHeldName", [&](unsigned number) -> Constant* {
    auto name = shipment.held.find(number);
    if (name == shipment.held.end()) // there is no code to cut slices from
      return ConstantPointerNull::get(PointerType::getUnqual(module.getContext()));
    return embedder.text(name->second);
  });
  return true;
}

} // namespace roam::plugin
