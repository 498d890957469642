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

CXXMethodDecl* methodOf(CXXRecordDecl* record, StringRef name) {
  for (CXXMethodDecl* method : record->methods())
    if (method->getIdentifier() && method->getName() == name)
      return method;
  return nullptr;
}

void addNumber(Sema& sema, ClassTemplateSpecializationDecl* to, unsigned number) {
  ClassTemplateDecl* index = findTemplate(sema, to, "Index");
  if (!index)
    return;
  SourceLocation at = to->getLocation();
  TemplateArgumentListInfo arguments(at, at);
  arguments.addArgument(numberArgument(sema, number, sema.Context.UnsignedIntTy, at));
  addPublicAlias(sema.Context, to, "id",
                 sema.CheckTemplateIdType(TemplateName(index), at, arguments));
}

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
    auto* function = methodOf(shaped, "entry");
    if (number && function)
      entries.push_back({function, *number, shaped->getTemplateArgs()[0].getAsType()});
  }
  llvm::sort(entries, [](const Entry& a, const Entry& b) { return a.number < b.number; });
  return entries;
}

void Entries::number(ClassTemplateSpecializationDecl* code, SourceLocation use) {
  CXXMethodDecl* function = methodOf(code, "entry");
  if (code->isDependentContext() || !function)
    return;
  if (!next_) {
    auto before = all(); // of a precompiled header
    next_ = before.empty() ? 0 : before.back().number + 1;
  }
  addNumber(sema_, code, (*next_)++);
  SourceLocation at = code->getLocation();
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
