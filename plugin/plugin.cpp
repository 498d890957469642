// Roam's compiler plugin, loaded by -fplugin=roam-plugin.so. Inside the user's clang it
//
//   1. watches template instantiations, and gives the headers' templates their members
//      (reflect, capture-check, entries), or says why a call can't be made (mistakes);
//   2. at the end of the translation unit walks what the entries reach (reach);
//   3. generates code for it a second time, with fixed options (slicer), and finds out which of it
//      initialises variables (initialisers); those that are one a peer leave it (peer-locals);
//   4. brings that into canonical form (canonical, bottom-up), cuts a slice an entry, and one a
//      function that other files may call (exports), and names each by its digest (slice-writer):
//      a digest now names exactly these bytes on every machine;
//   5. refuses variables that would lose their meaning (state-check);
//   6. hands slices and descriptions to the first pass of the host's own pipeline (embed), and if
//      asked the code itself (linked-code).
#include "jit/slice/ship-report.h"
#include "plugin/bottom-up.h"
#include "plugin/canonical.h"
#include "plugin/capture-check.h"
#include "plugin/describe.h"
#include "plugin/embed.h"
#include "plugin/entries.h"
#include "plugin/exports.h"
#include "plugin/held.h"
#include "plugin/initialisers.h"
#include "plugin/live-functions.h"
#include "plugin/mistakes.h"
#include "plugin/options.h"
#include "plugin/peer-locals.h"
#include "plugin/reach.h"
#include "plugin/reflect.h"
#include "plugin/report.h"
#include "plugin/slicer.h"
#include "plugin/state-check.h"
#include "plugin/targets.h"
#include "clang/Frontend/CompilerInstance.h"
#include "clang/Frontend/FrontendPluginRegistry.h"
#include "clang/Lex/Preprocessor.h"
#include "clang/Sema/SemaConsumer.h"
#include "clang/Sema/TemplateInstCallback.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include <ctime>

using namespace clang;

/// The one in the compiler's process; a copy of ours would be another type to llvm::any_cast.
extern template struct __attribute__((visibility("default")))
llvm::Any::TypeId<const llvm::Module*>;

namespace roam::plugin {
namespace {

// --- step 1: template instantiations -------------------------------------------------------------

/// Called by Sema at the end of every instantiation, on the compiler's only thread.
class InstantiationWatch : public TemplateInstantiationCallback {
 public:
  InstantiationWatch(Sema& sema, Entries& entries, HeldTypes& held)
      : entries_(entries), held_(held), reflector_(sema), check_(sema), mistakes_(sema),
        reflect_(&sema.Context.Idents.get("reflect")),
        shippable_(&sema.Context.Idents.get("Shippable")), code_(&sema.Context.Idents.get("Code")),
        mistaken_(&sema.Context.Idents.get("Mistaken")),
        heldClass_(&sema.Context.Idents.get("Held")),
        heldItem_(&sema.Context.Idents.get("heldItem")),
        stored_(&sema.Context.Idents.get("_Function_handler")) {}

  void initialize(const Sema&) override {}
  void finalize(const Sema&) override {}
  void atTemplateBegin(const Sema&, const Sema::CodeSynthesisContext&) override {}
  void atTemplateEnd(const Sema&, const Sema::CodeSynthesisContext& instantiation) override {
    if (instantiation.Kind != Sema::CodeSynthesisContext::TemplateInstantiation ||
        !instantiation.Entity)
      return;
    if (auto* function = dyn_cast<FunctionDecl>(instantiation.Entity)) {
      if (function->getIdentifier() == heldItem_ && isRoams(function))
        held_.holder(function, instantiation.PointOfInstantiation);
      return;
    }
    auto* shaped = dyn_cast<ClassTemplateSpecializationDecl>(instantiation.Entity);
    // Also called when partial specialisations were matched, before there is a definition.
    if (!shaped || !shaped->isCompleteDefinition())
      return;
    const IdentifierInfo* name = shaped->getIdentifier();
    if (name == stored_ && shaped->isInStdNamespace())
      return held_.stored(shaped, instantiation.PointOfInstantiation);
    if ((name != reflect_ && name != shippable_ && name != code_ && name != mistaken_ &&
         name != heldClass_) ||
        !isRoams(shaped))
      return;
    if (name == heldClass_)
      held_.number(shaped);
    else if (name == reflect_)
      reflector_.addFields(shaped);
    else if (name == code_)
      entries_.number(shaped, instantiation.PointOfInstantiation);
    else if (name == mistaken_)
      mistakes_.report(shaped, instantiation.PointOfInstantiation);
    else if (!shaped->isDependentContext()) {
      auto verdict = check_.check(shaped, instantiation.PointOfInstantiation);
      reflector_.addConstant(shaped, "value", verdict.canTravel);
      reflector_.addConstant(shaped, "shares", verdict.shares);
    }
  }

 private:
  static bool isRoams(const Decl* decl) {
    auto* space = dyn_cast<NamespaceDecl>(decl->getDeclContext());
    return space && space->getIdentifier() && space->getName() == "roam" &&
           space->getParent()->isTranslationUnit();
  }

  Entries& entries_;
  HeldTypes& held_;
  Reflector reflector_;
  CaptureCheck check_;
  Mistakes mistakes_;
  const IdentifierInfo *reflect_, *shippable_, *code_, *mistaken_, *heldClass_, *heldItem_,
      *stored_;
};

// --- steps 2 to 5: slices -----------------------------------------------------------------------

/// CPU time of the steps since the last call, for the option `time`.
class Stopwatch {
 public:
  double lap() {
    double before = last_;
    last_ = now();
    return last_ - before;
  }

 private:
  static double now() {
    timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return time.tv_sec * 1e3 + time.tv_nsec / 1e6;
  }
  double last_ = now();
};

class Consumer : public SemaConsumer {
 public:
  Consumer(CompilerInstance& compiler, Options options, std::shared_ptr<Shipment> shipment)
      : compiler_(compiler), options_(std::move(options)), shipment_(std::move(shipment)) {}

  void Initialize(ASTContext&) override {
    // After a precompiled header, which brings its own predefined macros, is loaded; before the
    // main file is entered.
    Preprocessor& preprocessor = compiler_.getPreprocessor();
    preprocessor.setPredefines(preprocessor.getPredefines() + "\n#define __ROAM_PLUGIN__ 1\n");
  }

  void InitializeSema(Sema& sema) override {
    entries_.emplace(sema);
    held_.emplace(sema);
    live_.emplace(sema);
    sema.TemplateInstCallbacks.push_back(
        std::make_unique<InstantiationWatch>(sema, *entries_, *held_));
  }

  /// Before the host's code generation sees it.
  bool HandleTopLevelDecl(DeclGroupRef group) override {
    coroutines_.remember(group);
    live_->addThoseOf(group);
    if (options_.exports)
      exports_.remember(group);
    return true;
  }
  void HandleVTable(CXXRecordDecl* record) override {
    if (options_.exports)
      exports_.rememberVTable(record);
  }

  void HandleTranslationUnit(ASTContext& ast) override {
    if (options_.skip || isPrecompiling(compiler_.getFrontendOpts().ProgramAction) ||
        compiler_.getDiagnostics().hasErrorOccurred())
      return;
    std::vector<Entry> entries = entries_->all();
    ExportedDefinitions exports = exports_.exports(ast);
    exports.targets = functionsPointedTo(ast);
    exports.held = held_->all();
    if (entries.empty() && exports.empty())
      return; // nothing to ship costs nothing
    // What is wrong with functions that nobody may ever send is for the host to say.
    if (!makeSlices(ast, entries, exports) && !entries.empty() && !exports.empty())
      makeSlices(ast, entries, {});
  }

 private:
  /// False if there is no code to cut slices from. That is an error, unless exports may be to
  /// blame.
  bool makeSlices(ASTContext& ast, llvm::ArrayRef<Entry> entries,
                  const ExportedDefinitions& exports) {
    Stopwatch watch;

    Reach reach;
    for (const Entry& entry : entries)
      reach.addFunction(entry.function);
    reach.follow();
    auto leftBehind = reach.staticsLeftBehind();
    exports.addTo(reach);
    double walk = watch.lap();

    SlicedModule sliced =
        SlicedModule::generate(compiler_, ast, entries, exports, reach, coroutines_);
    double codegen = watch.lap();
    if (!isUsable(ast, entries, exports, sliced))
      return false;

    Initialisers initialisers = Initialisers::find(sliced, ast);
    bindPeerLocals(sliced, ast, initialisers);
    std::vector<Export> exported;
    if (!exports.empty())
      exported = exportsIn(sliced, ast);
    addLocalTargets(exports, sliced, exported);
    clean(*sliced.module());
    optimiseBottomUp(*sliced.module(), rootsOf(entries, exported, sliced, initialisers));
    clean(*sliced.module()); // attributes and metadata added by passes
    double canonical = watch.lap();

    for (const Entry& entry : entries)
      writeEntry(ast, entry, sliced, initialisers);
    shipment_->functions = writeExports(exported, sliced, initialisers, ast);
    shipment_->targets = namesOfTargets(exports, sliced, exported, shipment_->functions);
    shipment_->held = namesOfHeld(exports, sliced, exported, shipment_->functions);
    if (options_.linked)
      prepareLinking(ast, sliced);
    checkContext(sliced);
    checkState(ast, reach, leftBehind, sliced, initialisers);
    double slices = watch.lap();

    if (options_.time)
      llvm::errs() << llvm::format(
          "roam: %zu entries, %zu exports, %zu functions: walk %.1f, codegen %.1f, canonical form "
          "%.1f, slices %.1f ms\n",
          entries.size(), exported.size(), reach.functions.size(), walk, codegen, canonical,
          slices);
    return true;
  }

  /// Whoever uses what is made here makes the slices.
  static bool isPrecompiling(frontend::ActionKind action) {
    return action == frontend::GeneratePCH || action == frontend::GenerateModule ||
           action == frontend::GenerateModuleInterface ||
           action == frontend::GenerateReducedModuleInterface ||
           action == frontend::GenerateHeaderUnit;
  }

  /// What is there for its own sake and not because something refers to it.
  static std::vector<llvm::GlobalValue*> rootsOf(llvm::ArrayRef<Entry> entries,
                                                 llvm::ArrayRef<Export> exports,
                                                 SlicedModule& sliced,
                                                 const Initialisers& initialisers) {
    std::vector<llvm::GlobalValue*> roots = initialisers.globals();
    for (const Entry& entry : entries)
      roots.push_back(sliced.find(GlobalDecl(entry.function)));
    for (const Export& one : exports)
      roots.push_back(one.definition);
    return roots;
  }

  /// Reports what is wrong, unless exports may be to blame.
  bool isUsable(ASTContext& ast, llvm::ArrayRef<Entry> entries, const ExportedDefinitions& exports,
                SlicedModule& sliced) {
    bool usable = sliced.module() && sliced.errors().empty() && sliced.isComplete();
    if (usable || !exports.empty())
      return usable;
    Report report(compiler_.getDiagnostics());
    for (auto& [place, text] : sliced.errors()) {
      report.error(place, "%0") << text;
      report.note(entries.size() == 1 ? placeOf(ast, entries[0]) : SourceLocation(),
                  "while making the code of lambdas ready to travel to other machines");
    }
    if (!sliced.isComplete())
      report.error(placeOf(ast, entries[0]),
                   "roam did not find all that the lambdas of this file need; please report this "
                   "as a bug of roam");
    return false;
  }

  void writeEntry(ASTContext& ast, const Entry& entry, SlicedModule& sliced,
                  const Initialisers& initialisers) {
    auto* function = dyn_cast_or_null<llvm::Function>(sliced.find(GlobalDecl(entry.function)));
    SourceLocation place = placeOf(ast, entry);
    Report report(compiler_.getDiagnostics());
    if (!function || function->isDeclaration()) {
      report.error(place, "roam could not generate code for this lambda to run on other machines; "
                          "please report this as a bug of roam");
      return;
    }
    auto slice = writeSlice(*sliced.module(), *function, initialisers);
    if (!slice) {
      report.error(place, "roam could not make a slice of this lambda: %0")
          << llvm::toString(slice.takeError());
      return;
    }
    Description description = describe(ast, entry);
    description.code = std::move(slice->code);
    if (options_.print)
      llvm::errs() << "roam: entry " << entry.number << " " << slice->digest.toString() << " "
                   << slice->bytes.size() << " bytes, " << slice->needs.size()
                   << " undefined symbols, " << description.closureType << " of "
                   << description.file << ":" << description.line << "\n";
    if (options_.report)
      report.remark(place, "this lambda travels as slice %0\n%1")
          << slice->digest.shortened() << shipReportOf(*slice, description);
    if (options_.statics != Severity::off)
      tellStatics(description.code, sliced);
    dump(*slice);
    auto [at, isNew] = shipment_->entries.emplace(
        entry.number,
        Shipment::Item{std::move(*slice), description.toText(), {}, description.liveName});
    if (!isNew)
      report.error(place,
                   "roam does not support lambdas of several modules in one file yet; put the "
                   "lambdas of all but one into files that are no modules");
  }

  /// Once a variable.
  void tellStatics(const CodeDescription& code, SlicedModule& sliced) {
    Report report(compiler_.getDiagnostics());
    constexpr char text[] = "each worker of a peer has a '%0' of its own for each lambda that uses "
                            "it; values stay there";
    for (const StateDescription& state : code.state) {
      auto* variable = dyn_cast_or_null<VarDecl>(sliced.declNamed(state.name));
      if (state.kind == "peer-local" || !variable || !variable->isStaticLocal() ||
          !told_.insert(variable).second)
        continue;
      SourceLocation at = variable->getLocation();
      if (options_.statics == Severity::error)
        report.error(at, text) << variable->getName();
      else if (options_.statics == Severity::warning)
        report.warning(at, text) << variable->getName();
      else
        report.remark(at, text) << variable->getName();
    }
  }

  void prepareLinking(ASTContext& ast, SlicedModule& sliced) {
    const TargetOptions& target = compiler_.getTarget().getTargetOpts();
    bool fusesAll = compiler_.getLangOpts().getDefaultFPContractMode() == LangOptions::FPM_Fast;
    shipment_->linked = {target.CPU, target.TuneCPU, target.Features, fusesAll};
    auto findElsewhere = [&](Shipment::Item& item) {
      for (const std::string& need : item.slice.needs)
        if (auto* function = dyn_cast_or_null<FunctionDecl>(sliced.declNamed(need));
            function && function->getLocation().isValid() && // not of the compiler itself
            !ast.getSourceManager().isInSystemHeader(function->getLocation()))
          item.elsewhere.push_back(need);
    };
    for (auto& [number, item] : shipment_->entries)
      findElsewhere(item);
    for (Shipment::Function& function : shipment_->functions)
      findElsewhere(function.item);
  }

  static std::string shipReportOf(const WrittenSlice& slice, const Description& description) {
    llvm::StringRef bytes(slice.bytes.data(), slice.bytes.size());
    std::string text =
        shipReport({slice.digest, bytes, slice.needs, description}, /*symbols=*/true);
    return llvm::StringRef(text).rtrim().str();
  }

  void dump(const WrittenSlice& slice) {
    if (options_.dump.empty())
      return;
    llvm::SmallString<256> path(options_.dump);
    llvm::sys::path::append(path, slice.digest.toString() + ".bc");
    std::error_code failure;
    llvm::raw_fd_ostream file(path, failure);
    if (!failure)
      file.write(slice.bytes.data(), slice.bytes.size());
    else
      Report(compiler_.getDiagnostics())
              .error({}, "roam cannot write the slice to '%0' (option dump): %1")
          << path << failure.message();
  }

  void checkContext(SlicedModule& sliced) {
    if (auto kind = unknownMetadataKind(sliced.context()))
      Report(compiler_.getDiagnostics())
              .error({}, "roam does not know the metadata kind '%0', so digests would vary between "
                         "compilations; please report this as a bug of roam")
          << *kind;
  }

  void checkState(ASTContext& ast, const Reach& reach,
                  const llvm::MapVector<const VarDecl*, ReachedFrom>& leftBehind,
                  SlicedModule& sliced, const Initialisers& initialisers) {
    llvm::StringSet<> variables;
    for (auto& [number, item] : shipment_->entries)
      variables.insert(item.slice.variables.begin(), item.slice.variables.end());
    StateCheck(ast, compiler_.getDiagnostics(), sliced, initialisers)
        .check(reach, leftBehind, variables);
  }

  CompilerInstance& compiler_;
  Options options_;
  std::shared_ptr<Shipment> shipment_;
  std::optional<Entries> entries_;
  std::optional<HeldTypes> held_;
  std::optional<LiveFunctions> live_;
  llvm::SmallPtrSet<const VarDecl*, 8> told_; ///< static variables
  ExportCollector exports_;
  CoroutineReturns coroutines_;
};

// --- step 6: the host's pipeline ----------------------------------------------------------------

struct EmbedPass : llvm::PassInfoMixin<EmbedPass> {
  std::shared_ptr<const Shipment> shipment;

  explicit EmbedPass(std::shared_ptr<const Shipment> shipment) : shipment(std::move(shipment)) {}
  llvm::PreservedAnalyses run(llvm::Module& module, llvm::ModuleAnalysisManager&) {
    return embed(module, *shipment) ? llvm::PreservedAnalyses::none()
                                    : llvm::PreservedAnalyses::all();
  }
  static bool isRequired() { return true; } // also at -O0
};

/// With -save-temps, bitcode is written without a pipeline: the only passes are those that write
/// it.
void embedBeforeAnyPass(llvm::PassBuilder& passes, std::shared_ptr<const Shipment> shipment) {
  auto* callbacks = passes.getPassInstrumentationCallbacks();
  if (!callbacks)
    return;
  callbacks->registerBeforeNonSkippedPassCallback([shipment](llvm::StringRef, llvm::Any ir) {
    if (auto* module = llvm::any_cast<const llvm::Module*>(&ir))
      embed(const_cast<llvm::Module&>(**module), *shipment); // a second time finds nothing to do
  });
}

class Action : public PluginASTAction {
 protected:
  bool ParseArgs(const CompilerInstance& compiler, const std::vector<std::string>& flags) override {
    std::string unknown;
    if (auto options = Options::parse(flags, unknown)) {
      options_ = *options;
      return true;
    }
    Report(compiler.getDiagnostics()).error({}, "unknown option of the roam plugin: '%0'")
        << unknown;
    return false;
  }

  std::unique_ptr<ASTConsumer> CreateASTConsumer(CompilerInstance& compiler, StringRef) override {
    if (compiler.getFrontendOpts().ProgramAction == frontend::ParseSyntaxOnly)
      options_.exports = false; // there is no object to put them into
    auto shipment = std::make_shared<Shipment>();
    bool noPipeline = compiler.getCodeGenOpts().DisableLLVMPasses;
    compiler.getCodeGenOpts().PassBuilderCallbacks.push_back(
        [shipment, noPipeline](llvm::PassBuilder& passes) {
          if (noPipeline)
            embedBeforeAnyPass(passes, shipment);
          else
            passes.registerPipelineStartEPCallback(
                [shipment](llvm::ModulePassManager& pipeline, llvm::OptimizationLevel) {
                  pipeline.addPass(EmbedPass(shipment));
                });
        });
    return std::make_unique<Consumer>(compiler, options_, shipment);
  }

  /// So that slices are ready when the host's pipeline starts.
  ActionType getActionType() override { return AddBeforeMainAction; }

 private:
  Options options_;
};

} // namespace
} // namespace roam::plugin

static FrontendPluginRegistry::Add<roam::plugin::Action>
    registration("roam", "ships lambdas to other machines");
