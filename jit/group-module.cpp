// Members are slices of their own: all but their root is internal, and numbered from nothing. So
// two things that were numbered must not meet: TBAA types and the names of local types. Example:
//
//     entry: store int, !{t0 "Point", int, 0}      fee: load int, !{t3 "Point", int, 0}
//
// are one type under two numbers; once `fee` is inlined, LLVM would believe that the two accesses
// can't be to the same object. Only what every file calls alike is kept: that it is an int.
#include "jit/group-module.h"
#include "jit/slice/manifest.h"
#include "jit/slice/peer-symbols.h"
#include <llvm/ADT/StringExtras.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InstIterator.h>
#include <llvm/Linker/Linker.h>
#include <llvm/Transforms/Utils/ModuleUtils.h>
#include <stdexcept>

namespace roam::jit {
namespace {

/// "t0", "t1", ...: the plugin's numbers for types of the program.
bool isNumberedType(const llvm::MDNode& type) {
  auto* name = type.getNumOperands() > 0
                   ? llvm::dyn_cast_or_null<llvm::MDString>(type.getOperand(0).get())
                   : nullptr;
  llvm::StringRef text = name ? name->getString() : "";
  return text.empty() ||
         (text.consume_front("t") && !text.empty() && llvm::all_of(text, &llvm::isDigit));
}

/// The tag of an access, without the class it is a member of; null if its type is not known.
llvm::MDNode* withoutClass(llvm::MDNode& tag) {
  if (tag.getNumOperands() < 3)
    return nullptr;
  auto* type = llvm::dyn_cast_or_null<llvm::MDNode>(tag.getOperand(1).get());
  if (!type || isNumberedType(*type))
    return nullptr;
  llvm::Metadata* start = llvm::ConstantAsMetadata::get(
      llvm::ConstantInt::get(llvm::Type::getInt64Ty(tag.getContext()), 0));
  llvm::SmallVector<llvm::Metadata*, 4> operands{type, type, start};
  if (tag.getNumOperands() > 3) // reads what never changes
    operands.push_back(tag.getOperand(3).get());
  return llvm::MDNode::get(tag.getContext(), operands);
}

void forgetNumberedTypes(llvm::Module& module) {
  for (llvm::Function& function : module)
    for (llvm::Instruction& instruction : llvm::instructions(function)) {
      if (llvm::MDNode* tag = instruction.getMetadata(llvm::LLVMContext::MD_tbaa))
        instruction.setMetadata(llvm::LLVMContext::MD_tbaa, withoutClass(*tag));
      instruction.setMetadata(llvm::LLVMContext::MD_tbaa_struct, nullptr);
    }
}

/// "roam.local.Here.0" of one member is not that of another.
void separateLocalTypes(llvm::Module& module, std::size_t member) {
  for (llvm::GlobalVariable& variable : llvm::make_early_inc_range(module.globals())) {
    auto* text = variable.hasInitializer()
                     ? llvm::dyn_cast<llvm::ConstantDataArray>(variable.getInitializer())
                     : nullptr;
    if (!variable.isConstant() || !text || !text->isCString() ||
        !text->getAsCString().starts_with("roam.local."))
      continue;
    auto* longer = llvm::ConstantDataArray::getString(
        module.getContext(), (text->getAsCString() + "." + llvm::Twine(member)).str());
    auto* copy = new llvm::GlobalVariable(module, longer->getType(), true, variable.getLinkage(),
                                          longer, "", &variable);
    copy->setAlignment(variable.getAlign());
    copy->takeName(&variable);
    variable.replaceAllUsesWith(copy);
    variable.eraseFromParent();
  }
}

/// Gives the root the name that other members have for it, `init` to what initialises the member's
/// variables, and hides everything else.
void nameRoot(llvm::Module& module, const std::string& name, const std::string& init) {
  llvm::GlobalValue* root = module.getNamedValue(entrySymbol);
  if (!root || root->isDeclaration())
    throw std::runtime_error("its part for '" + name + "' does not define " + entrySymbol);
  for (llvm::GlobalValue& value : module.global_values())
    if (!value.isDeclaration() && &value != root && !value.getName().starts_with("llvm."))
      value.setLinkage(llvm::GlobalValue::InternalLinkage);
  root->setLinkage(llvm::GlobalValue::ExternalLinkage);
  if (llvm::GlobalValue* own = module.getNamedValue(initSymbol)) {
    own->setName(init);
    own->setLinkage(llvm::GlobalValue::ExternalLinkage); // else it is lost: nothing calls it yet
  }
  if (name.empty())
    return;
  if (llvm::GlobalValue* other = module.getNamedValue(name)) {
    other->replaceAllUsesWith(root);
    other->setName("");
  }
  root->setName(name);
}

std::string initOf(std::size_t member) {
  return initSymbol + ("." + std::to_string(member));
}

/// The numbers of the members: each after those whose names it uses, the entry last. What uses each
/// other comes in the order of the walk.
std::vector<std::size_t> dependenciesFirst(const SliceGroup& group,
                                           llvm::ArrayRef<std::unique_ptr<llvm::Module>> members) {
  std::vector<std::size_t> order;
  std::vector<bool> seen(members.size());
  llvm::SmallVector<std::pair<std::size_t, bool>, 16> stack{{0, false}}; // number, all it uses done
  while (!stack.empty()) {
    auto [member, isDone] = stack.pop_back_val();
    if (isDone)
      order.push_back(member);
    if (isDone || seen[member])
      continue;
    seen[member] = true;
    stack.push_back({member, true});
    bool usesTargets = members[member]->getNamedValue(targetSymbol) != nullptr;
    for (std::size_t other = members.size(); other-- > 1;)
      if (!seen[other] &&
          (members[member]->getNamedValue(group.members[other].name) ||
           (usesTargets && llvm::is_contained(group.targets, group.members[other].name))))
        stack.push_back({other, false});
  }
  return order;
}

/// One initSymbol that calls those of the members.
void joinInits(llvm::Module& joined, llvm::ArrayRef<std::size_t> order) {
  llvm::Function* init = nullptr;
  llvm::IRBuilder<> builder(joined.getContext());
  auto* type = llvm::FunctionType::get(builder.getVoidTy(), false);
  for (std::size_t member : order) {
    llvm::GlobalValue* named = joined.getNamedValue(initOf(member));
    if (!named)
      continue;
    auto* own = llvm::dyn_cast<llvm::Function>(named);
    if (!own || own->isDeclaration() || own->getFunctionType() != type)
      throw std::runtime_error(std::string("a part has a ") + initSymbol +
                               " that is no function void()");
    own->setLinkage(llvm::GlobalValue::InternalLinkage);
    if (!init) {
      init = llvm::Function::Create(type, llvm::GlobalValue::ExternalLinkage, initSymbol, joined);
      builder.SetInsertPoint(llvm::BasicBlock::Create(joined.getContext(), "", init));
    }
    builder.CreateCall(own);
  }
  if (init)
    builder.CreateRetVoid();
}

} // namespace

std::unique_ptr<llvm::Module> joinMembers(const SliceGroup& group,
                                          std::vector<std::unique_ptr<llvm::Module>> members) {
  bool several = members.size() > 1;
  for (std::size_t i = 0; i < members.size(); ++i) {
    nameRoot(*members[i], group.members[i].name, initOf(i));
    if (several)
      forgetNumberedTypes(*members[i]);
    if (i > 0)
      separateLocalTypes(*members[i], i);
  }
  std::vector<std::size_t> order = dependenciesFirst(group, members);
  std::unique_ptr<llvm::Module> joined = std::move(members.front());
  llvm::Linker linker(*joined);
  for (std::size_t i = 1; i < members.size(); ++i)
    if (linker.linkInModule(std::move(members[i])))
      throw std::runtime_error("its part for '" + group.members[i].name +
                               "' does not fit the others");
  joinInits(*joined, order);
  return joined;
}

void defineTargets(llvm::Module& module, const std::vector<std::string>& targets) {
  llvm::IRBuilder<> builder(module.getContext());
  auto* pointer = builder.getPtrTy();
  llvm::Function* target = module.getFunction(targetSymbol);
  if (!target || !target->isDeclaration() ||
      target->getFunctionType() != llvm::FunctionType::get(pointer, builder.getInt32Ty(), false))
    return;
  auto* anyFunction = llvm::FunctionType::get(builder.getVoidTy(), false);
  builder.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "", target));
  auto* none = llvm::BasicBlock::Create(module.getContext(), "", target);
  auto* choice =
      builder.CreateSwitch(target->getArg(0), none, static_cast<unsigned>(targets.size()));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    llvm::GlobalValue* named = module.getNamedValue(targets[i]);
    if (!named)
      named = llvm::Function::Create(anyFunction, llvm::GlobalValue::ExternalLinkage, targets[i],
                                     module);
    auto* block = llvm::BasicBlock::Create(module.getContext(), "", target, none);
    builder.SetInsertPoint(block);
    builder.CreateRet(named);
    choice->addCase(builder.getInt32(static_cast<unsigned>(i)), block);
  }
  builder.SetInsertPoint(none);
  builder.CreateRet(llvm::ConstantPointerNull::get(pointer));
}

void noteLibraries(llvm::Module& module, const std::vector<SliceGroup::Library>& libraries) {
  if (libraries.empty())
    return;
  std::string text;
  for (const SliceGroup::Library& library : libraries)
    text += library.soname + '\0' + library.symbol + '\0';
  auto* bytes = llvm::ConstantDataArray::getString(module.getContext(), text, /*AddNull=*/false);
  auto* note = new llvm::GlobalVariable(module, bytes->getType(), true,
                                        llvm::GlobalValue::InternalLinkage, bytes, "");
  note->setSection(librariesSection);
  llvm::appendToUsed(module, {note});
}

} // namespace roam::jit
