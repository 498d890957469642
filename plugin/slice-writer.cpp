// The canonical bytes of one entry. Everything the entry reaches is copied into an empty module in
// the order of a walk from the entry, with names that come from that order, so that neither source
// names nor neighbours show:
//
//     entry -> f0 -> g1 "text"      the entry is called entrySymbol, definitions by their place
//              f0 -> malloc         what the slice needs from outside keeps its name
//     init  -> f2 -> g3             variables that the entry reaches and that are initialised by
//                                   code: initSymbol calls their initialisers (plugin/initialisers)
#include "plugin/slice-writer.h"
#include "jit/slice/manifest.h"
#include "plugin/canonical-attributes.h"
#include "plugin/describe-code.h"
#include "plugin/initialisers.h"
#include "plugin/local-types.h"
#include "plugin/rebuilding.h"
#include "plugin/references.h"
#include "llvm/ADT/PostOrderIterator.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include "llvm/Transforms/Utils/Local.h"

using namespace llvm;

namespace roam::plugin {
namespace {

// --- what an entry reaches, in a fixed order ---------------------------------------------------

/// What belongs to a slice: its root, and what that reaches without passing through `outside`,
/// definitions that stay outside though the module has them.
struct Extent {
  GlobalObject& root;
  const DenseSet<const GlobalValue*>& outside;

  bool defines(const GlobalValue* global) const {
    return !global->isDeclaration() && (global == &root || !outside.contains(global));
  }
};

/// Depth first, callers before callees.
void walk(GlobalValue* from, const Extent& extent, SetVector<GlobalValue*>& order) {
  SmallVector<GlobalValue*, 32> stack{from};
  while (!stack.empty()) {
    GlobalValue* global = stack.pop_back_val();
    if (!order.insert(global) || !extent.defines(global))
      continue;
    auto references = referencesOf(global);
    for (GlobalValue* reference : reverse(references))
      if (!order.count(reference))
        stack.push_back(reference);
  }
}

struct Reached {
  SetVector<GlobalValue*> order;
  std::vector<Function*> initialisers; ///< in the order in which they run
};

/// An initialiser may reach variables that have one, too. They run in the order in which the source
/// defines their variables; what the source leaves open, in the order of the walk.
Reached reachableIn(const Extent& extent, const Initialisers& initialisers) {
  Reached reached;
  walk(&extent.root, extent, reached.order);
  SetVector<GlobalValue*> all = reached.order;
  std::vector<std::tuple<unsigned, size_t, Function*>> needed;
  for (size_t i = 0; i < all.size(); ++i) { // grows
    bool isOutside = all[i] != &extent.root && extent.outside.contains(all[i]);
    const Initialiser* initialiser = isOutside ? nullptr : initialisers.of(all[i]);
    if (!initialiser)
      continue;
    needed.push_back({initialiser->order, i, initialiser->function});
    walk(initialiser->function, extent, all);
  }
  llvm::sort(needed);
  for (auto& [order, place, function] : needed) {
    reached.initialisers.push_back(function);
    walk(function, extent, reached.order);
  }
  return reached;
}

// --- canonical parts ----------------------------------------------------------------------------

/// Blocks in reverse post-order, phi operands in the order of their blocks, no names.
void canonicaliseBody(Function& function) {
  removeUnreachableBlocks(function);
  SmallVector<BasicBlock*, 32> order;
  ReversePostOrderTraversal<Function*> blocks(&function);
  order.append(blocks.begin(), blocks.end());
  DenseMap<BasicBlock*, unsigned> place;
  for (size_t i = 0; i < order.size(); ++i) {
    place[order[i]] = i;
    if (i)
      order[i]->moveAfter(order[i - 1]);
  }
  for (BasicBlock* block : order)
    for (PHINode& phi : block->phis()) {
      SmallVector<std::pair<BasicBlock*, Value*>, 8> incoming;
      for (unsigned i = 0; i < phi.getNumIncomingValues(); ++i)
        incoming.push_back({phi.getIncomingBlock(i), phi.getIncomingValue(i)});
      llvm::sort(incoming, [&](auto& a, auto& b) { return place[a.first] < place[b.first]; });
      for (unsigned i = 0; i < incoming.size(); ++i) {
        phi.setIncomingBlock(i, incoming[i].first);
        phi.setIncomingValue(i, incoming[i].second);
      }
    }
  for (Argument& argument : function.args())
    argument.setName("");
  for (BasicBlock& block : function) {
    block.setName("");
    for (Instruction& instruction : block)
      instruction.setName("");
  }
}

/// Type names in TBAA nodes become t0, t1, ... in order of first use: inside a slice only identity
/// matters.
class AliasTypeNames {
 public:
  explicit AliasTypeNames(LLVMContext& context) : context_(context) {}

  void canonicalise(Function& function) {
    for (Instruction& instruction : instructions(function))
      for (unsigned kind : {unsigned(LLVMContext::MD_tbaa), unsigned(LLVMContext::MD_tbaa_struct)})
        if (MDNode* node = instruction.getMetadata(kind))
          instruction.setMetadata(kind, rewrite(node));
  }

 private:
  MDNode* rewrite(MDNode* node) {
    if (auto known = known_.find(node); known != known_.end())
      return known->second;
    SmallVector<Metadata*, 8> operands;
    for (const MDOperand& operand : node->operands()) {
      if (auto* name = dyn_cast_or_null<MDString>(operand.get());
          name && name->getString().starts_with("_ZTS")) {
        unsigned number = numbers_.try_emplace(name->getString(), numbers_.size()).first->second;
        operands.push_back(MDString::get(context_, "t" + utostr(number)));
      } else if (auto* inner = dyn_cast_or_null<MDNode>(operand.get())) {
        operands.push_back(rewrite(inner));
      } else {
        operands.push_back(operand.get());
      }
    }
    return known_[node] = MDNode::get(context_, operands);
  }

  LLVMContext& context_;
  DenseMap<MDNode*, MDNode*> known_;
  StringMap<unsigned> numbers_;
};

/// May the mangled name hold the number of a lambda or of an unnamed type?
bool mayNumberLambdas(StringRef mangled) {
  return mangled.contains("Ul") || mangled.contains("Ut") || mangled.contains("$_");
}

/// The typeinfo name of a type that is local to a function or a file tells which, and numbers the
/// lambdas there. Such a type is thrown and caught inside the slice only, so its own name and its
/// number within the slice will do: "roam.local.Here.0". What a function slice throws may be caught
/// by another one of its file, so there the name stays, if it is the same in every compilation.
Constant* localTypeName(GlobalVariable& variable, bool inFunctionSlice, unsigned number) {
  if (!variable.getName().starts_with("_ZTS") || !variable.hasInitializer())
    return nullptr;
  auto* text = dyn_cast<ConstantDataArray>(variable.getInitializer());
  if (!text || !text->isCString())
    return nullptr;
  auto name = nameOfLocalType(text->getAsCString());
  if (!name || (inFunctionSlice && !mayNumberLambdas(text->getAsCString())))
    return nullptr;
  return ConstantDataArray::getString(variable.getContext(),
                                      "roam.local." + *name + "." + utostr(number));
}

// --- the copy ----------------------------------------------------------------------------------

class SliceCopy {
 public:
  SliceCopy(Module& from, const Extent& extent, const Initialisers& initialisers)
      : extent_(extent), initialisers_(initialisers), to_("", from.getContext()),
        reached_(reachableIn(extent, initialisers)) {
    to_.setDataLayout(from.getDataLayout());
    to_.setTargetTriple(from.getTargetTriple());
    to_.setSourceFileName("");
  }

  Expected<WrittenSlice> write() {
    for (GlobalValue* global : reached_.order)
      if (!extent_.defines(global))
        needed_.insert(global->getName());
    for (GlobalValue* global : reached_.order)
      if (Error error = declare(global))
        return std::move(error);
    for (GlobalValue* global : reached_.order)
      define(global);
    if (!reached_.initialisers.empty())
      addInit();
    AliasTypeNames names(to_.getContext());
    for (Function& function : to_)
      names.canonicalise(function);
    for (NamedMDNode& metadata : make_early_inc_range(to_.named_metadata()))
      to_.eraseNamedMetadata(&metadata);
    for (GlobalObject& global : to_.global_objects())
      if (global.isDeclaration() && !global.hasExternalWeakLinkage() &&
          !global.getName().starts_with("llvm."))
        (global.isThreadLocal() ? slice_.threadLocalNeeds : slice_.needs)
            .push_back(global.getName().str());
    llvm::append_range(slice_.needs, slice_.threadLocalNeeds);
    std::string damage;
    raw_string_ostream stream(damage);
    if (verifyModule(to_, &stream))
      return createStringError("the slice is not valid IR: " + damage);
    slice_.bytes = bitcodeOf(to_);
    if (Error error = checkRebuilding({slice_.bytes.data(), slice_.bytes.size()}))
      return std::move(error);
    slice_.digest = Digest::of(std::string_view(slice_.bytes.data(), slice_.bytes.size()));
    llvm::sort(slice_.needs);
    if (extent_.outside.empty()) // of an entry
      slice_.code = describeCode(reached_.order.getArrayRef(), extent_.root, initialisers_);
    return std::move(slice_);
  }

 private:
  /// "f3", unless a C function that the slice needs is called so.
  std::string nextName(char letter) {
    std::string name;
    do
      name = letter + utostr(next_++);
    while (needed_.contains(name));
    return name;
  }

  Error declare(GlobalValue* global) {
    std::string name = global->getName().str();
    auto linkage = GlobalValue::ExternalLinkage;
    if (global == &extent_.root) {
      name = entrySymbol;
    } else if (global->hasExternalWeakLinkage()) {
      linkage = GlobalValue::ExternalWeakLinkage; // may be missing: not a need
    } else if (extent_.defines(global)) {
      name = nextName(isa<Function>(global) ? 'f' : 'g');
      linkage = GlobalValue::InternalLinkage;
    }
    if (!extent_.defines(global) && (name == "__cpu_model" || name == "__cpu_features2"))
      return createStringError("it asks what this machine's CPU can do (__builtin_cpu_supports); "
                               "code that travels is compiled for the CPU it runs on: leave the "
                               "question out, or ask before and capture the answer");
    if (auto* function = dyn_cast<Function>(global))
      declareFunction(*function, name, linkage);
    else if (auto* variable = dyn_cast<GlobalVariable>(global))
      declareVariable(*variable, name, linkage);
    else
      return createStringError("it calls '" + demangle(global->getName().split(".ifunc").first) +
                               "', of which there are several versions for different CPUs, chosen "
                               "when the program starts; call a function without versions: code "
                               "that travels is compiled for the CPU it runs on anyway");
    return Error::success();
  }

  void declareFunction(Function& function, StringRef name, GlobalValue::LinkageTypes linkage) {
    auto* type = cast<FunctionType>(types_.remapType(function.getFunctionType()));
    Function* copy = Function::Create(type, linkage, function.getAddressSpace(), name, &to_);
    copy->setCallingConv(function.getCallingConv());
    copy->setAttributes(extent_.defines(&function) || function.isIntrinsic()
                            ? function.getAttributes()
                            : callingAttributes(to_.getContext(), function.getAttributes()));
    if (linkage == GlobalValue::InternalLinkage)
      copy->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    copies_[&function] = copy;
  }

  void declareVariable(GlobalVariable& variable, StringRef name,
                       GlobalValue::LinkageTypes linkage) {
    bool defined = extent_.defines(&variable);
    Constant* typeName =
        defined ? localTypeName(variable, !extent_.outside.empty(), localTypes_) : nullptr;
    localTypes_ += typeName != nullptr;
    Type* type = typeName ? typeName->getType() : types_.remapType(variable.getValueType());
    auto* copy =
        new GlobalVariable(to_, type, variable.isConstant(), linkage, typeName, name, nullptr,
                           variable.isThreadLocal() ? GlobalValue::GeneralDynamicTLSModel
                                                    : GlobalValue::NotThreadLocal);
    copy->setAlignment(variable.getAlign());
    if (defined && variable.hasGlobalUnnamedAddr())
      copy->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
    copies_[&variable] = copy;
    if (!variable.isConstant())
      slice_.variables.push_back(variable.getName().str());
  }

  void define(GlobalValue* global) {
    if (!extent_.defines(global))
      return;
    if (auto* variable = dyn_cast<GlobalVariable>(global)) {
      auto* copy = cast<GlobalVariable>(copies_[variable]);
      if (!copy->hasInitializer())
        copy->setInitializer(
            cast<Constant>(MapValue(variable->getInitializer(), copies_, RF_None, &types_)));
      return;
    }
    auto* function = cast<Function>(global);
    auto* copy = cast<Function>(copies_[function]);
    for (auto [from, to] : zip(function->args(), copy->args()))
      copies_[&from] = &to;
    AttributeList attributes = copy->getAttributes();
    SmallVector<ReturnInst*, 4> returns;
    CloneFunctionInto(copy, function, copies_, CloneFunctionChangeType::DifferentModule, returns,
                      "", nullptr, &types_);
    copy->setAttributes(attributes);
    copy->setVisibility(GlobalValue::DefaultVisibility);
    copy->setDSOLocal(copy->hasLocalLinkage());
    canonicaliseBody(*copy);
  }

  void addInit() {
    auto* type = FunctionType::get(Type::getVoidTy(to_.getContext()), false);
    Function* init = Function::Create(type, GlobalValue::ExternalLinkage, initSymbol, to_);
    IRBuilder<> builder(BasicBlock::Create(to_.getContext(), "", init));
    for (Function* initialiser : reached_.initialisers)
      builder.CreateCall(cast<Function>(copies_[initialiser]));
    builder.CreateRetVoid();
  }

  const Extent extent_;
  const Initialisers& initialisers_;
  Module to_;
  Reached reached_;
  LiteralTypes types_;
  ValueToValueMapTy copies_;
  StringSet<> needed_; ///< names that are taken
  WrittenSlice slice_;
  unsigned next_ = 0, localTypes_ = 0;
};

} // namespace

Expected<WrittenSlice> writeSlice(Module& module, Function& entry,
                                  const Initialisers& initialisers) {
  const DenseSet<const GlobalValue*> nothing;
  return SliceCopy(module, {entry, nothing}, initialisers).write();
}

Expected<WrittenSlice> writeFunctionSlice(Module& module, GlobalObject& definition,
                                          const DenseSet<const GlobalValue*>& exports,
                                          const Initialisers& initialisers) {
  return SliceCopy(module, {definition, exports}, initialisers).write();
}

} // namespace roam::plugin
