// Names, and the aliases that stand for functions.
#include "jit/kept-addresses.h"
#include "jit/slice/peer-local-name.h"
#include "jit/symbol-name.h"
#include <llvm/IR/Constants.h>
#include <llvm/IR/GlobalAlias.h>
#include <llvm/IR/InstrTypes.h>

namespace roam::jit {
namespace {

/// While the slice is optimised: passes make other names from these, which then are not exactly so.
constexpr llvm::StringLiteral keptPrefix = "roam.kept.";

bool keepsAddresses(const llvm::GlobalVariable& variable) {
  return variable.isDeclaration() ? variable.getName().starts_with(peerLocalPrefix)
                                  : isState(variable.getName().str());
}

/// A table of labels belongs to the code of its object.
bool holdsLabels(const llvm::Constant& constant) {
  return llvm::any_of(constant.operands(), [](const llvm::Use& use) {
    const auto* part = llvm::dyn_cast<llvm::Constant>(use.get());
    return llvm::isa<llvm::BlockAddress>(use.get()) ||
           (part && !llvm::isa<llvm::GlobalValue>(part) && holdsLabels(*part));
  });
}

bool hasAddressThatMatters(const llvm::GlobalObject& object) {
  if (object.isDeclaration() || !object.hasLocalLinkage() || object.hasGlobalUnnamedAddr() ||
      object.hasSection() || object.getName().starts_with("llvm."))
    return false;
  if (const auto* function = llvm::dyn_cast<llvm::Function>(&object))
    return function->hasAddressTaken();
  const auto& variable = llvm::cast<llvm::GlobalVariable>(object);
  return variable.isConstant() && !holdsLabels(*variable.getInitializer());
}

bool isNumbered(const llvm::GlobalValue& value, unsigned& number) {
  llvm::StringRef name = value.getName();
  return name.consume_front(keptPrefix) && !name.getAsInteger(10, number);
}

/// Neither a call nor what can name nothing but the function itself.
bool usesAddress(const llvm::Use& use) {
  const llvm::User* user = use.getUser();
  if (const auto* call = llvm::dyn_cast<llvm::CallBase>(user))
    return !call->isCallee(&use);
  return !llvm::isa<llvm::BlockAddress, llvm::DSOLocalEquivalent, llvm::NoCFIValue,
                    llvm::GlobalAlias>(user);
}

/// Weak, so that nobody takes it for the function itself.
void shareFunction(llvm::Function& function, unsigned number) {
  if (llvm::none_of(function.uses(), usesAddress))
    return;
  auto* address = llvm::GlobalAlias::create(function.getValueType(), function.getAddressSpace(),
                                            llvm::GlobalValue::WeakAnyLinkage, keptName(number),
                                            &function, function.getParent());
  function.replaceUsesWithIf(address, [](llvm::Use& use) { return usesAddress(use); });
}

void shareConstant(llvm::GlobalVariable& constant, unsigned number) {
  constant.setName(keptName(number));
  constant.setLinkage(llvm::GlobalValue::ExternalLinkage);
  constant.setVisibility(llvm::GlobalValue::DefaultVisibility);
  constant.setDSOLocal(false);
}

} // namespace

void nameKeptAddresses(llvm::Module& module) {
  if (llvm::none_of(module.globals(), keepsAddresses))
    return;
  unsigned number = 0;
  for (llvm::GlobalObject& object : module.global_objects())
    if (hasAddressThatMatters(object))
      object.setName(keptPrefix + llvm::Twine(number++));
}

void shareKeptAddresses(llvm::Module& module) {
  unsigned number = 0;
  for (llvm::Function& function : module)
    if (isNumbered(function, number))
      shareFunction(function, number);
  for (llvm::GlobalVariable& variable : module.globals())
    if (isNumbered(variable, number))
      shareConstant(variable, number);
}

} // namespace roam::jit
