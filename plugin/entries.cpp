// Numbers for entries. They are keys between this plugin's two halves: the call roamRecord(N), with
// N a literal even at -O0, is replaced by the record of entry N. A mangled name can't be that key:
// two code generations over one AST number closures differently.
#include "plugin/entries.h"
#include "plugin/describe.h"
#include "plugin/reflect.h"
#include "clang/Sema/EnterExpressionEvaluationContext.h"
#include "clang/Sema/Lookup.h"

using namespace clang;

namespace roam::plugin {
namespace {

CXXMethodDecl* findMethod(CXXRecordDecl* record, StringRef name) {
  for (CXXMethodDecl* method : record->methods())
    if (method->getIdentifier() && method->getName() == name)
      return method;
  return nullptr;
}

} // namespace

std::optional<unsigned> numberOf(ASTContext& context, ClassTemplateSpecializationDecl* numbered) {
  for (NamedDecl* found : numbered->lookup(&context.Idents.get("id")))
    if (auto* alias = dyn_cast<TypeAliasDecl>(found))
      if (auto* index = dyn_cast_or_null<ClassTemplateSpecializationDecl>(
              alias->getUnderlyingType()->getAsCXXRecordDecl()))
        return index->getTemplateArgs()[0].getAsIntegral().getZExtValue();
  return std::nullopt;
}

std::vector<Entry> Entries::all() {
  std::vector<Entry> entries;
  auto* code = findInRoam<ClassTemplateDecl>(sema_.Context, "Code");
  if (!code)
    return entries;
  for (ClassTemplateSpecializationDecl* shaped : code->specializations()) {
    if (!shaped->isCompleteDefinition() || shaped->isDependentContext())
      continue;
    auto number = numberOf(sema_.Context, shaped);
    auto* function = findMethod(shaped, "entry");
    if (number && function)
      entries.push_back({function, *number, shaped->getTemplateArgs()[0].getAsType()});
  }
  llvm::sort(entries, [](const Entry& a, const Entry& b) { return a.number < b.number; });
  return entries;
}

void Entries::number(ClassTemplateSpecializationDecl* code, SourceLocation use) {
  ClassTemplateDecl* index = findTemplate(sema_, code, "Index");
  CXXMethodDecl* function = findMethod(code, "entry");
  if (code->isDependentContext() || !index || !function)
    return;
  if (!next_) {
    auto before = all(); // of a precompiled header
    next_ = before.empty() ? 0 : before.back().number + 1;
  }
  SourceLocation at = code->getLocation();
  TemplateArgumentListInfo arguments(at, at);
  arguments.addArgument(numberArgument(sema_, (*next_)++, sema_.Context.UnsignedIntTy, at));
  QualType id = sema_.CheckTemplateIdType(TemplateName(index), at, arguments);
  addPublicAlias(sema_.Context, code, "id", id);
  // A closure type made of several is only named so far, and is to be described.
  QualType shape = code->getTemplateArgs()[0].getAsType();
  if (sema_.isCompleteType(at, shape))
    if (QualType closure = aliasOf(sema_.Context, shape, "Closure"); !closure.isNull())
      sema_.isCompleteType(at, closure);
  // We may be inside decltype() or requires: ask for the definition as potentially evaluated code.
  EnterExpressionEvaluationContext evaluated(
      sema_, Sema::ExpressionEvaluationContext::PotentiallyEvaluated);
  sema_.MarkFunctionReferenced(use.isValid() ? use : at, function);
}

} // namespace roam::plugin
