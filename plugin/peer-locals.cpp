// A peer's storage starts as zeroes, and whichever slice comes first brings the variable to life:
//
//     [[roam::peer_local]] inline std::map<int, int> cache = load();
//
//     init:  if (!"cache.made") {         also peer-local
//              "cache" = image;           if its first bytes are not all zero
//              cache = load();            the initialiser that code generation made
//              "cache.made" = true;       not reached if load() throws: the next slice tries again
//            }
//
// Peers run no two initialisers at once. A static variable of a function has a guard, which calls
// of the function ask; it becomes peer-local, too.
#include "plugin/peer-locals.h"
#include "jit/slice/peer-local-name.h"
#include "plugin/attributes.h"
#include "clang/AST/Mangle.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Demangle/Demangle.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include <optional>

using namespace clang;

namespace roam::plugin {
namespace {

/// Of what names the variable to other files: of a static variable, its function.
bool isVisibleToOthers(const VarDecl* variable) {
  auto* owner = dyn_cast_or_null<FunctionDecl>(variable->getParentFunctionOrMethod());
  return owner ? owner->isExternallyVisible() : variable->isExternallyVisible();
}

class Binding {
 public:
  Binding(SlicedModule& sliced, ASTContext& ast, Initialisers& initialisers)
      : sliced_(sliced), module_(*sliced.module()), mangling_(ast.createMangleContext()),
        initialisers_(initialisers) {}

  void bindAll() {
    // Annotations name the variables, and are there for nothing else.
    if (auto* annotations = module_.getNamedGlobal("llvm.global.annotations"))
      annotations->eraseFromParent();
    std::vector<std::pair<llvm::GlobalVariable*, const VarDecl*>> bound;
    for (llvm::GlobalVariable& global : module_.globals()) {
      const VarDecl* variable = sliced_.variableNamed(global.getName());
      if (variable && !global.isDeclaration() && isPeerLocal(variable) &&
          obstacleOfPeerLocal(variable, global.getName().str()).empty())
        bound.push_back({&global, variable});
    }
    for (auto& [global, variable] : bound)
      bind(*global, variable);
  }

 private:
  void bind(llvm::GlobalVariable& global, const VarDecl* variable) {
    std::string name = global.getName().str(), type;
    llvm::raw_string_ostream stream(type);
    mangling_->mangleCXXRTTIName(variable->getType().getUnqualifiedType(), stream);
    llvm::GlobalVariable* bound = peerLocal(name, stream.str(), global);
    llvm::GlobalVariable* image = imageOf(global);
    std::optional<Initialiser> code = initialisers_.take(&global);
    global.replaceAllUsesWith(bound);
    if (variable->isStaticLocal())
      bindGuard(name);
    if (image || code)
      initialisers_.add(bound, {initialiserOf(name, bound, image, code ? code->function : nullptr),
                                code ? code->order : 0});
    global.eraseFromParent();
  }

  void bindGuard(llvm::StringRef name) {
    llvm::GlobalVariable* guard = module_.getNamedGlobal(("_ZGV" + name.drop_front(2)).str());
    if (!name.starts_with("_Z") || !guard)
      return;
    guard->replaceAllUsesWith(peerLocal(guard->getName().str(), "guard", *guard));
    guard->eraseFromParent();
  }

  llvm::GlobalVariable* peerLocal(const std::string& name, const std::string& type,
                                  llvm::GlobalVariable& like) {
    const llvm::DataLayout& layout = module_.getDataLayout();
    llvm::Align alignment = layout.getPreferredAlign(&like);
    PeerLocalName bound{name, layout.getTypeAllocSize(like.getValueType()), alignment.value(),
                        type};
    return declare(bound, like.getValueType());
  }

  llvm::GlobalVariable* declare(const PeerLocalName& name, llvm::Type* type) {
    auto* bound = new llvm::GlobalVariable(module_, type, false, llvm::GlobalValue::ExternalLinkage,
                                           nullptr, name.symbol());
    bound->setAlignment(llvm::Align(name.alignment));
    return bound;
  }

  /// What the variable starts with; null if that is zero.
  llvm::GlobalVariable* imageOf(llvm::GlobalVariable& global) {
    llvm::Constant* initial = global.getInitializer();
    if (initial->isNullValue() || isa<llvm::UndefValue>(initial))
      return nullptr;
    auto* image =
        new llvm::GlobalVariable(module_, initial->getType(), true,
                                 llvm::GlobalValue::InternalLinkage, initial, "roam.image");
    image->setAlignment(global.getAlign());
    return image;
  }

  llvm::Function* initialiserOf(const std::string& name, llvm::GlobalVariable* bound,
                                llvm::GlobalVariable* image, llvm::Function* code) {
    llvm::IRBuilder<> builder(module_.getContext());
    auto* made = declare({name + std::string(madeSuffix), 1, 1, "bool"}, builder.getInt8Ty());
    auto* function =
        llvm::Function::Create(llvm::FunctionType::get(builder.getVoidTy(), false),
                               llvm::GlobalValue::InternalLinkage, "roam.make", module_);
    auto block = [&] { return llvm::BasicBlock::Create(module_.getContext(), "", function); };
    llvm::BasicBlock *ask = block(), *make = block(), *end = block();
    builder.SetInsertPoint(ask);
    llvm::Value* isMade = builder.CreateIsNotNull(builder.CreateLoad(builder.getInt8Ty(), made));
    builder.CreateCondBr(isMade, end, make);
    builder.SetInsertPoint(make);
    if (image)
      builder.CreateMemCpy(bound, bound->getAlign(), image, image->getAlign(),
                           module_.getDataLayout().getTypeAllocSize(image->getValueType()));
    if (code)
      builder.CreateCall(code);
    builder.CreateStore(builder.getInt8(1), made);
    builder.CreateBr(end);
    builder.SetInsertPoint(end);
    builder.CreateRetVoid();
    return function;
  }

  SlicedModule& sliced_;
  llvm::Module& module_;
  std::unique_ptr<MangleContext> mangling_;
  Initialisers& initialisers_;
};

} // namespace

void bindPeerLocals(SlicedModule& sliced, ASTContext& ast, Initialisers& initialisers) {
  Binding(sliced, ast, initialisers).bindAll();
}

std::string obstacleOfPeerLocal(const VarDecl* variable, const std::string& mangled) {
  if (!variable->getDefinition())
    return "is defined in another file; define it in the header, as an 'inline' variable";
  std::string name = llvm::demangle(mangled);
  bool isNumbered = llvm::StringRef(name).contains("'lambda") ||
                    llvm::StringRef(name).contains("'unnamed") ||
                    llvm::StringRef(name).contains("$_");
  if (isNumbered || !isVisibleToOthers(variable))
    return "is found by its name on a peer, and its name is known to this file only; leave "
           "'static' or the unnamed namespace away, or make a const one 'inline'";
  return "";
}

} // namespace roam::plugin
