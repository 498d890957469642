// A second CodeGen over the host's AST, before the host's own. It shares the AST, hence the
// language, with the host, but not its code generation options. Definitions are fed to it in no
// special order: what depends on order is undone in canonical.cpp.
#include "plugin/slicer.h"
#include "plugin/canonical.h"
#include "plugin/library-bodies.h"
#include "plugin/reflect.h"
#include "clang/AST/ASTDiagnostic.h"

using namespace clang;

namespace roam::plugin {
namespace {

/// Not a copy of the host's: -O, -g, -fPIC, sanitizers and profiling leave slices alone. Only what
/// changes the meaning of the program is taken over.
CodeGenOptions fixedOptions(const CodeGenOptions& host) {
  CodeGenOptions options;
  options.OptimizationLevel = 2; // TBAA and lifetime markers; CodeGen itself optimises nothing
  options.DisableO0ImplyOptNone = 1;
  options.RelocationModel = llvm::Reloc::PIC_;
  options.setInlining(CodeGenOptions::NormalInlining);
  options.CXXCtorDtorAliases = 1;
  options.AssumeUniqueVTables = 0; // each slice of a group has its own
  options.UnrollLoops = options.VectorizeLoop = options.VectorizeSLP = 1; // else loops are marked
  options.RelaxedAliasing = host.RelaxedAliasing;                         // -fno-strict-aliasing
  options.StrictReturn = host.StrictReturn;
  options.setFiniteLoops(host.getFiniteLoops());
  options.FPDenormalMode = host.FPDenormalMode;
  options.FP32DenormalMode = host.FP32DenormalMode;
  options.NullPointerIsValid = host.NullPointerIsValid; // -fno-delete-null-pointer-checks
  return options;
}

/// Language options that add instructions but no meaning, taken away as long as this lives.
class PlainLanguage {
 public:
  explicit PlainLanguage(LangOptions& options)
      : options_(options), autoInit_(options.getTrivialAutoVarInit()), sanitize_(options.Sanitize) {
    options.setTrivialAutoVarInit(LangOptions::TrivialAutoVarInitKind::Uninitialized);
    options.Sanitize.clear();
  }
  ~PlainLanguage() {
    options_.setTrivialAutoVarInit(autoInit_);
    options_.Sanitize = sanitize_;
  }
  PlainLanguage(const PlainLanguage&) = delete;

 private:
  LangOptions& options_;
  LangOptions::TrivialAutoVarInitKind autoInit_;
  SanitizerSet sanitize_;
};

/// A body in this translation unit that ought to have been emitted for a mere declaration.
const FunctionDecl* bodyOf(const Decl* decl) {
  auto* function = dyn_cast_or_null<FunctionDecl>(decl);
  const FunctionDecl* definition = nullptr;
  if (!function || !function->hasBody(definition))
    return nullptr;
  // glibc's memchr, and members of extern templates: the standard library has them.
  bool elsewhere =
      definition->hasAttr<GNUInlineAttr>() ||
      (definition->getTemplateSpecializationKind() == TSK_ExplicitInstantiationDeclaration &&
       isStandard(definition));
  return elsewhere ? nullptr : definition;
}

} // namespace

SlicedModule SlicedModule::generate(CompilerInstance& compiler, ASTContext& ast,
                                    llvm::ArrayRef<Entry> entries,
                                    const ExportedDefinitions& exports, Reach& reach,
                                    CoroutineReturns& coroutines) {
  constexpr unsigned maxRounds = 5; // the walk missed something in at most one so far
  PlainLanguage plain(compiler.getLangOpts());
  HiddenBodies hidden;
  SlicedModule sliced;
  for (unsigned round = 0; round < maxRounds; ++round) {
    for (auto& [function, from] : reach.functions)
      coroutines.remember(function);
    coroutines.restore();
    for (const FunctionDecl* function : reach.libraryBodies.takeVector())
      hidden.hide(function);
    sliced.emit(compiler, ast, entries, exports, reach);
    coroutines.restore();
    if (!sliced.module() || !sliced.addMissed(reach))
      return sliced;
    reach.follow();
  }
  sliced.complete_ = false;
  return sliced;
}

llvm::iterator_range<TextDiagnosticBuffer::const_iterator> SlicedModule::errors() const {
  return {said_->err_begin(), said_->err_end()};
}

void SlicedModule::emit(CompilerInstance& compiler, ASTContext& ast, llvm::ArrayRef<Entry> entries,
                        const ExportedDefinitions& exports, const Reach& reach) {
  generator_.reset();
  context_ = std::make_unique<llvm::LLVMContext>();
  prepareContext(*context_);
  // The host's code generation says most of this, too; but not what concerns the entries' own
  // functions, which it leaves out.
  said_ = std::make_unique<TextDiagnosticBuffer>();
  quiet_ = new DiagnosticsEngine(compiler.getDiagnostics().getDiagnosticIDs(),
                                 &compiler.getDiagnosticOpts(), said_.get(),
                                 /*ShouldOwnClient=*/false);
  quiet_->setSourceManager(&compiler.getSourceManager());
  quiet_->SetArgToStringFn(&FormatASTNodeDiagnosticArgument, &ast);
  generator_.reset(CreateLLVMCodeGen(*quiet_, "roam", &compiler.getVirtualFileSystem(),
                                     compiler.getHeaderSearchOpts(), compiler.getPreprocessorOpts(),
                                     fixedOptions(compiler.getCodeGenOpts()), *context_));
  generator_->Initialize(ast);
  // A reference makes CodeGen emit a definition it would defer otherwise.
  for (const Entry& entry : entries)
    generator_->GetAddrOfGlobal(GlobalDecl(entry.function), /*isForDefinition=*/false);
  for (const FunctionDecl* target : exports.targets)
    if (target->hasBody())
      generator_->GetAddrOfGlobal(GlobalDecl(target), /*isForDefinition=*/false);
  for (const HeldCode& one : exports.held)
    generator_->GetAddrOfGlobal(GlobalDecl(one.function), /*isForDefinition=*/false);
  for (auto& [variable, from] : reach.variables)
    if (variable->isThisDeclarationADefinition())
      generator_->HandleTopLevelDecl(DeclGroupRef(const_cast<VarDecl*>(variable)));
  for (auto& [function, from] : reach.functions) // CodeGen finds bodies inside classes itself
    if (!isa<CXXRecordDecl>(function->getLexicalDeclContext()) || missed_.count(function) ||
        exports.functions.count(function))
      generator_->HandleTopLevelDecl(DeclGroupRef(const_cast<FunctionDecl*>(function)));
  for (CXXRecordDecl* record : exports.polymorphic)
    generator_->HandleVTable(record);
  generator_->HandleTranslationUnit(ast);
  if (module())
    keepBodiesOfUser();
}

/// Members of the user's own extern templates are emitted as if another file had them. Peers have
/// those of the standard library only.
void SlicedModule::keepBodiesOfUser() {
  for (llvm::GlobalObject& global : module()->global_objects()) {
    if (!global.hasAvailableExternallyLinkage())
      continue;
    const Decl* decl = generator_->GetDeclForMangledName(global.getName());
    if (decl && !decl->hasAttr<GNUInlineAttr>() && !isStandard(decl))
      global.setLinkage(llvm::GlobalValue::LinkOnceODRLinkage);
  }
}

/// True if a declaration in the module has its definition in this translation unit: the walk did
/// not see that it is reached.
bool SlicedModule::addMissed(Reach& reach) {
  bool found = false;
  for (llvm::GlobalObject& global : module()->global_objects()) {
    if (!global.isDeclaration() || global.getName().starts_with("llvm."))
      continue;
    const Decl* decl = generator_->GetDeclForMangledName(global.getName());
    if (const FunctionDecl* function = bodyOf(decl)) {
      if (missed_.insert(function).second) {
        reach.addFunction(function);
        found = true;
      }
    } else if (auto* variable = dyn_cast_or_null<VarDecl>(decl)) {
      const VarDecl* definition = variable->getDefinition();
      if (definition && !variable->isStaticLocal() && !reach.variables.count(definition) &&
          missed_.insert(variable).second) {
        reach.addVariable(variable);
        found = true;
      }
    }
  }
  return found;
}

const VarDecl* SlicedModule::variableNamed(StringRef mangled) const {
  auto* variable = dyn_cast_or_null<VarDecl>(generator_->GetDeclForMangledName(mangled));
  const VarDecl* definition = variable ? variable->getDefinition() : nullptr;
  return definition ? definition : variable;
}

llvm::GlobalValue* SlicedModule::find(GlobalDecl decl) {
  return module()->getNamedValue(generator_->GetMangledName(decl));
}

} // namespace roam::plugin
