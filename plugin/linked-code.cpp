// Slices are made for another linker than that of programs: their names are neutral, and everything
// about the machine is left open. Here they get names that no other slice has, and what the host's
// functions are compiled for.
//
// The types of a slice have numbers (TBAA), which mean nothing in another one. So code of the
// program must not be inlined into a slice, nor that of one slice into another: the calls that
// leave a slice are marked noinline.
#include "plugin/linked-code.h"
#include "jit/slice/cpu-features.h"
#include "jit/slice/manifest.h"
#include "jit/slice/peer-symbols.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Operator.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;

namespace roam::plugin {
namespace {

std::string linkedName(const std::string& symbol) {
  return "roam.linked.for." + symbol;
}

// --- which slices ------------------------------------------------------------------------------

bool hasForeignIntrinsic(const Module& slice, const LinkedTarget& target) {
  auto has = [&](std::string_view feature) {
    return is_contained(target.features, "+" + std::string(feature));
  };
  return any_of(slice, [&](const Function& function) {
    return function.isIntrinsic() && !function.use_empty() &&
           !fulfils(cpuFeaturesOf(function.getName()), has);
  });
}

/// Is there a multiplication that must not be fused with an addition?
bool hasExactProduct(const Module& slice) {
  for (const Function& function : slice)
    for (const Instruction& instruction : instructions(function))
      if (instruction.getOpcode() == Instruction::FMul && !instruction.hasAllowContract())
        return true;
  return false;
}

/// Does the slice mean the same when a program's linker binds it?
bool isOrdinary(const Module& slice, const LinkedTarget& target) {
  for (const GlobalValue& value : slice.global_values())
    if (value.isDeclaration() &&
        (value.hasExternalWeakLinkage() || value.getName().starts_with(peerLocalPrefix) ||
         is_contained({StringRef("roamRecord"), StringRef("roamHeldName"), StringRef(targetSymbol)},
                      value.getName())))
      return false;
  return !hasForeignIntrinsic(slice, target) && !(target.fusesAll && hasExactProduct(slice));
}

/// Has the slice something that each slice group has its own of: variables, types without a name?
bool hasOwnOfGroup(const Module& slice) {
  return any_of(slice.globals(), [](const GlobalVariable& variable) {
    if (variable.isDeclaration())
      return false;
    auto* text = dyn_cast<ConstantDataArray>(variable.getInitializer());
    return !variable.isConstant() ||
           (text && text->isCString() && text->getAsCString().starts_with("roam.local."));
  });
}

// --- one slice ---------------------------------------------------------------------------------

/// Makes a slice fit a program. `group` is its COMDAT group, which everything in it joins; empty if
/// its root is the only one of its name anyway.
class Fitting {
 public:
  Fitting(Module& slice, const LinkedTarget& target) : slice_(slice), target_(target) {}

  void nameRoot(const std::string& name, GlobalValue::LinkageTypes linkage) {
    root_ = slice_.getFunction(entrySymbol);
    root_->setName(name);
    root_->setLinkage(linkage);
    init_ = slice_.getFunction(initSymbol);
    if (init_) {
      init_->setName(name + ".init");
      init_->setLinkage(GlobalValue::InternalLinkage);
    }
    root_->setVisibility(GlobalValue::HiddenVisibility);
  }

  void keepCallsApart() {
    for (Function& function : slice_)
      for (Instruction& instruction : instructions(function))
        if (auto* call = dyn_cast<CallBase>(&instruction); call && leaves(*call))
          call->addFnAttr(Attribute::NoInline);
  }

  void bind(const std::vector<std::string>& elsewhere) {
    for (const std::string& name : elsewhere)
      if (Function* function = slice_.getFunction(name); function && function->isDeclaration()) {
        Function* jump = makeJump(*function);
        callees_.push_back({name, jump});
      }
    if (GlobalValue* dso = slice_.getNamedValue("__dso_handle"))
      dso->setVisibility(GlobalValue::HiddenVisibility);
  }

  void addRecord(const Digest& digest, const std::string& name) {
    ArrayType* bytes = ArrayType::get(Type::getInt8Ty(context()), Digest::size);
    auto* type = StructType::get(context(), {bytes, word(), word(), word(), word()});
    auto* record =
        new GlobalVariable(slice_, type, true, root_->getLinkage(), UndefValue::get(type), name);
    record->setVisibility(GlobalValue::HiddenVisibility);
    record->setSection(linkedSection);
    record->setAlignment(Align(8));
    auto raw = digest.bytes();
    auto* number =
        ConstantDataArray::getRaw(StringRef(reinterpret_cast<const char*>(raw.data()), raw.size()),
                                  raw.size(), Type::getInt8Ty(context()));
    GlobalVariable* table = calleeTable();
    record->setInitializer(ConstantStruct::get(
        type, {number, distance(record, root_), distance(record, init_), distance(record, table),
               ConstantInt::get(word(), callees_.size() * sizeof(LinkedCallee))}));
  }

  /// What the program's own functions are compiled for; and all can be unwound.
  void fitToMachine() {
    std::string features = llvm::join(target_.features, ",");
    for (Function& function : slice_) {
      if (function.isDeclaration())
        continue;
      function.addFnAttr("target-cpu", target_.cpu);
      if (!target_.tuneCpu.empty())
        function.addFnAttr("tune-cpu", target_.tuneCpu);
      function.addFnAttr("target-features", features);
      function.setUWTableKind(UWTableKind::Async);
    }
  }

  void group(const std::string& name) {
    Comdat* comdat = slice_.getOrInsertComdat(name);
    for (GlobalObject& object : slice_.global_objects())
      if (!object.isDeclaration() && !object.hasWeakAnyLinkage())
        object.setComdat(comdat);
  }

 private:
  static bool leaves(const CallBase& call) {
    const Function* callee = call.getCalledFunction();
    return !call.isInlineAsm() && !(callee && (callee->isIntrinsic() || !callee->isDeclaration()));
  }

  /// Weak, so that the linked slice takes its place if there is one.
  Function* makeJump(Function& to) {
    auto* jump = Function::Create(to.getFunctionType(), GlobalValue::WeakAnyLinkage,
                                  linkedName(to.getName().str()), slice_);
    jump->setVisibility(GlobalValue::HiddenVisibility);
    jump->setCallingConv(to.getCallingConv());
    jump->setAttributes(to.getAttributes());
    to.replaceAllUsesWith(jump);
    IRBuilder<> builder(BasicBlock::Create(context(), "", jump));
    SmallVector<Value*, 8> arguments;
    for (Argument& argument : jump->args())
      arguments.push_back(&argument);
    CallInst* call = builder.CreateCall(&to, arguments);
    call->setCallingConv(to.getCallingConv());
    call->setAttributes(to.getAttributes());
    call->addFnAttr(Attribute::NoInline);
    call->setTailCallKind(CallInst::TCK_MustTail);
    if (call->getType()->isVoidTy())
      builder.CreateRetVoid();
    else
      builder.CreateRet(call);
    return jump;
  }

  GlobalVariable* calleeTable() {
    if (callees_.empty())
      return nullptr;
    auto* pair = StructType::get(context(), {word(), word()});
    auto* type = ArrayType::get(pair, callees_.size());
    GlobalVariable* table = addCode(UndefValue::get(type), "roam.callees", 8);
    SmallVector<Constant*, 8> rows;
    for (auto& [name, function] : callees_) {
      auto* text = addCode(ConstantDataArray::getString(context(), name), "roam.callee", 1);
      rows.push_back(ConstantStruct::get(pair, {distance(table, text), distance(table, function)}));
    }
    table->setInitializer(ConstantArray::get(type, rows));
    return table;
  }

  GlobalVariable* addCode(Constant* value, const char* name, unsigned alignment) {
    auto* variable = new GlobalVariable(slice_, value->getType(), true,
                                        GlobalValue::InternalLinkage, value, name);
    variable->setSection(codeSection);
    variable->setAlignment(Align(alignment));
    return variable;
  }

  /// Zero to nothing.
  Constant* distance(GlobalVariable* from, GlobalValue* to) {
    if (!to)
      return ConstantInt::get(word(), 0);
    return ConstantExpr::getSub(ConstantExpr::getPtrToInt(to, word()),
                                ConstantExpr::getPtrToInt(from, word()));
  }
  LLVMContext& context() { return slice_.getContext(); }
  Type* word() { return Type::getInt64Ty(context()); }

  Module& slice_;
  const LinkedTarget& target_;
  Function *root_ = nullptr, *init_ = nullptr;
  SmallVector<std::pair<std::string, Function*>, 4> callees_;
};

std::unique_ptr<Module> parse(const WrittenSlice& slice, LLVMContext& context) {
  MemoryBufferRef bytes(StringRef(slice.bytes.data(), slice.bytes.size()), "slice");
  return cantFail(parseBitcodeFile(bytes, context), "slices are read before they are embedded");
}

} // namespace

GlobalVariable* LinkedCode::addEntry(const WrittenSlice& slice,
                                     const std::vector<std::string>& elsewhere) {
  auto module = parse(slice, host_.getContext());
  if (!isOrdinary(*module, target_))
    return nullptr;
  std::string name = "roam.linked." + slice.digest.toString();
  std::string record = "roam.linked.record." + slice.digest.toString();
  Fitting fitting(*module, target_);
  fitting.nameRoot(name, GlobalValue::WeakODRLinkage);
  fitting.keepCallsApart();
  fitting.bind(elsewhere);
  fitting.addRecord(slice.digest, record);
  fitting.fitToMachine();
  fitting.group(name);
  return link(std::move(module), record);
}

GlobalVariable* LinkedCode::addFunction(const std::string& symbol, const WrittenSlice& slice,
                                        const std::vector<std::string>& elsewhere) {
  GlobalValue* own = host_.getNamedValue(symbol);
  if (slice.bytes.empty() || !own || own->isDeclaration() || !own->hasExternalLinkage())
    return nullptr;
  auto module = parse(slice, host_.getContext());
  if (!module->getFunction(entrySymbol) || hasOwnOfGroup(*module) || !isOrdinary(*module, target_))
    return nullptr;
  std::string record = "roam.linked.record." + symbol;
  Fitting fitting(*module, target_);
  fitting.nameRoot(linkedName(symbol), GlobalValue::ExternalLinkage);
  fitting.keepCallsApart();
  fitting.bind(elsewhere);
  fitting.addRecord(slice.digest, record);
  fitting.fitToMachine();
  return link(std::move(module), record);
}

GlobalVariable* LinkedCode::link(std::unique_ptr<Module> slice, const std::string& record) {
  bool failed = Linker::linkModules(host_, std::move(slice));
  GlobalVariable* made = host_.getGlobalVariable(record);
  if (failed || !made)
    report_fatal_error("roam can't link a slice into the program; please report this as a bug");
  hasAny_ = true;
  return made;
}

GlobalVariable* LinkedCode::addTable() {
  if (!hasAny_ || host_.getNamedValue(linkedTableSymbol))
    return nullptr;
  auto* pointer = PointerType::getUnqual(host_.getContext());
  SmallVector<Constant*, 6> borders;
  for (StringRef section : {linkedSection, registrySection, functionsSection})
    for (const char* border : {"__start_", "__stop_"}) {
      std::string name = (border + section).str();
      GlobalValue* known = host_.getNamedValue(name);
      if (!known) {
        known = new GlobalVariable(host_, Type::getInt8Ty(host_.getContext()), true,
                                   GlobalValue::ExternalWeakLinkage, nullptr, name);
        known->setVisibility(GlobalValue::HiddenVisibility);
      }
      borders.push_back(known);
    }
  auto* type = ArrayType::get(pointer, borders.size());
  auto* table = new GlobalVariable(host_, type, true, GlobalValue::WeakODRLinkage,
                                   ConstantArray::get(type, borders), linkedTableSymbol);
  table->setComdat(host_.getOrInsertComdat(linkedTableSymbol));
  return table;
}

} // namespace roam::plugin
