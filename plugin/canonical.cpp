// From the module of the second code generation to one whose functions no longer show flags, names
// and neighbours: what goes before the optimisation (bottom-up), and what goes after it.
#include "plugin/canonical.h"
#include "plugin/canonical-attributes.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/DebugInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/IntrinsicInst.h"

using namespace llvm;

namespace roam::plugin {
namespace {

/// Metadata kinds that are not built into LLVM, in the order of their numbers.
constexpr const char* extraKinds[] = {"srcloc", "heapallocsite", "implicit.code"};

constexpr unsigned keptMetadata[] = {
    LLVMContext::MD_tbaa,
    LLVMContext::MD_tbaa_struct,
    LLVMContext::MD_range,
    LLVMContext::MD_nonnull,
    LLVMContext::MD_noundef,
    LLVMContext::MD_align,
    LLVMContext::MD_dereferenceable,
    LLVMContext::MD_dereferenceable_or_null,
    LLVMContext::MD_invariant_load,
    LLVMContext::MD_loop,
    LLVMContext::MD_prof,
    LLVMContext::MD_nontemporal,
    LLVMContext::MD_fpmath,
    LLVMContext::MD_unpredictable,
    LLVMContext::MD_access_group,
    LLVMContext::MD_mem_parallel_loop_access,
    LLVMContext::MD_alias_scope,
    LLVMContext::MD_noalias,
};

/// `llvm.fmuladd` lets each target fuse or not: peers with and without FMA would give different
/// last bits. The generic build does not fuse, so multiply and add. What the user asked to contract
/// has its flag and keeps it.
void separateMultiplyAdd(IntrinsicInst& fmuladd) {
  IRBuilder<> builder(&fmuladd);
  builder.setFastMathFlags(fmuladd.getFastMathFlags());
  Value* product = builder.CreateFMul(fmuladd.getArgOperand(0), fmuladd.getArgOperand(1));
  fmuladd.replaceAllUsesWith(builder.CreateFAdd(product, fmuladd.getArgOperand(2)));
  fmuladd.eraseFromParent();
}

void cleanInstruction(Instruction& instruction, AttributeCleaner& clean) {
  if (auto* call = dyn_cast<CallBase>(&instruction))
    call->setAttributes(clean(call->getAttributes()));
  instruction.dropUnknownNonDebugMetadata(keptMetadata);
  auto* intrinsic = dyn_cast<IntrinsicInst>(&instruction);
  if (!intrinsic)
    return;
  if (intrinsic->getIntrinsicID() == Intrinsic::var_annotation)
    intrinsic->eraseFromParent();
  else if (intrinsic->getIntrinsicID() == Intrinsic::fmuladd)
    separateMultiplyAdd(*intrinsic);
}

void cleanFunction(Function& function, AttributeCleaner& clean) {
  function.setComdat(nullptr);
  function.clearMetadata();
  function.setSection("");
  function.setVisibility(GlobalValue::DefaultVisibility);
  // Members of extern templates (std::string): the peer's standard library has them. Those marked
  // always_inline have no symbol.
  if (function.hasAvailableExternallyLinkage() && !function.hasFnAttribute(Attribute::AlwaysInline))
    function.deleteBody();
  if (function.isIntrinsic()) {
    function.setAttributes(
        Intrinsic::getAttributes(function.getContext(), function.getIntrinsicID()));
    return;
  }
  function.setAttributes(clean(function.getAttributes()));
  if (function.isDeclaration()) {
    function.setAttributes(callingAttributes(function.getContext(), function.getAttributes()));
    return;
  }
  for (Instruction& instruction : make_early_inc_range(instructions(function)))
    cleanInstruction(instruction, clean);
  function.setLinkage(GlobalValue::ExternalLinkage);
}

void cleanVariable(GlobalVariable& variable) {
  variable.setComdat(nullptr);
  variable.clearMetadata();
  variable.setAttributes(AttributeSet());
  variable.setSection("");
  variable.setVisibility(GlobalValue::DefaultVisibility);
  if (variable.hasAvailableExternallyLinkage()) {
    variable.setInitializer(nullptr);
    variable.setLinkage(GlobalValue::ExternalLinkage);
  }
  if (!variable.isDeclaration() && !variable.getName().starts_with("llvm."))
    variable.setLinkage(GlobalValue::ExternalLinkage);
}

/// Inlining names alias scopes after functions and arguments.
void forgetScopeNames(Module& module) {
  Metadata* nameless = MDString::get(module.getContext(), "");
  auto forget = [&](MDNode* scopes) {
    for (const MDOperand& operand : scopes->operands())
      if (auto* scope = dyn_cast_or_null<MDNode>(operand.get())) {
        if (scope->getNumOperands() > 2)
          scope->replaceOperandWith(2, nameless);
        auto* domain = scope->getNumOperands() > 1
                           ? dyn_cast_or_null<MDNode>(scope->getOperand(1).get())
                           : nullptr;
        if (domain && domain->getNumOperands() > 1)
          domain->replaceOperandWith(1, nameless);
      }
  };
  for (Function& function : module)
    for (Instruction& instruction : instructions(function)) {
      for (unsigned kind :
           {unsigned(LLVMContext::MD_alias_scope), unsigned(LLVMContext::MD_noalias)})
        if (MDNode* scopes = instruction.getMetadata(kind))
          forget(scopes);
      if (auto* declaration = dyn_cast<NoAliasScopeDeclInst>(&instruction))
        forget(declaration->getScopeList());
    }
}

size_t builtInKinds() {
  LLVMContext fresh;
  SmallVector<StringRef, 64> kinds;
  fresh.getMDKindNames(kinds);
  return kinds.size();
}

} // namespace

void prepareContext(LLVMContext& context) {
  for (const char* kind : extraKinds)
    context.getMDKindID(kind);
}

std::optional<std::string> unknownMetadataKind(LLVMContext& context) {
  SmallVector<StringRef, 64> kinds;
  context.getMDKindNames(kinds);
  size_t known = builtInKinds();
  for (StringRef kind : ArrayRef(kinds).drop_front(known))
    if (!is_contained(extraKinds, kind))
      return kind.str();
  return std::nullopt;
}

void clean(Module& module) {
  AttributeCleaner cleaner(module.getContext());
  StripDebugInfo(module);
  for (GlobalAlias& alias : make_early_inc_range(module.aliases())) {
    alias.replaceAllUsesWith(alias.getAliasee());
    alias.eraseFromParent();
  }
  for (Function& function : module)
    cleanFunction(function, cleaner);
  for (GlobalVariable& variable : module.globals())
    cleanVariable(variable);
  for (const char* name :
       {"llvm.used", "llvm.compiler.used", "llvm.global_ctors", "llvm.global.annotations"})
    if (GlobalVariable* list = module.getNamedGlobal(name))
      list->eraseFromParent();
  forgetScopeNames(module);
  for (NamedMDNode& metadata : make_early_inc_range(module.named_metadata()))
    module.eraseNamedMetadata(&metadata);
}

} // namespace roam::plugin
