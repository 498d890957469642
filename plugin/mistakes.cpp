// The errors at calls. Example:
//
//     error: the function cannot be called with 'std::string'
//     note: it is declared here, and takes 'int'
#include "plugin/mistakes.h"
#include "plugin/place-of-use.h"
#include "clang/AST/DeclCXX.h"

using namespace clang;

namespace roam::plugin {
namespace {

/// The values of roam::Mistake.
enum class Mistake { cannotBeCalled, changesItsArgument, returnsNothing, cannotReduce };

/// The one function that is called; null for what has several, or none.
const FunctionDecl* calledFunction(QualType type) {
  auto* record = type->getAsCXXRecordDecl();
  if (!record || !record->hasDefinition())
    return nullptr;
  const FunctionDecl* only = nullptr;
  for (const Decl* member : record->decls()) {
    if (auto* shape = dyn_cast<FunctionTemplateDecl>(member))
      member = shape->getTemplatedDecl();
    auto* method = dyn_cast<CXXMethodDecl>(member);
    if (!method || method->getOverloadedOperator() != OO_Call)
      continue;
    if (only)
      return nullptr;
    only = method;
  }
  return only;
}

/// "'int' and 'std::string'"
template <class Types, class TypeOf>
std::string listed(const Types& types, TypeOf&& typeOf, const ASTContext& context) {
  PrintingPolicy policy(context.getLangOpts());
  policy.AnonymousTagLocations = false;
  std::string list;
  size_t i = 0, count = types.size();
  for (auto& type : types) {
    list += i == 0 ? "" : i + 1 == count ? " and " : ", ";
    list += "'" + typeOf(type).getAsString(policy) + "'";
    ++i;
  }
  return list.empty() ? "no arguments" : list;
}

} // namespace

void Mistakes::report(const ClassTemplateSpecializationDecl* mistaken, SourceLocation use) {
  auto arguments = mistaken->getTemplateArgs().asArray();
  use = placeOfUse(sema_, use);
  ArrayRef<TemplateArgument> types = arguments[1].getPackAsArray();
  QualType function = types[0].getAsType();
  switch (Mistake(arguments[0].getAsIntegral().getZExtValue())) {
  case Mistake::cannotBeCalled:
    return cannotBeCalled(use, function, types.drop_front());
  case Mistake::changesItsArgument:
    return changesItsArgument(use, function, types.drop_front());
  case Mistake::returnsNothing:
    return returnsNothing(use, function);
  case Mistake::cannotReduce:
    return cannotReduce(use, function, types[1].getAsType(), types[2].getAsType());
  }
}

void Mistakes::cannotBeCalled(SourceLocation use, QualType function,
                              ArrayRef<TemplateArgument> arguments) {
  const FunctionDecl* called = calledFunction(function);
  // The body of a generic lambda does not fit the argument: that was said there.
  if (called && called->isTemplated() && sema_.Diags.hasErrorOccurred())
    return;
  std::string given = listed(
      arguments, [](const TemplateArgument& type) { return type.getAsType(); }, sema_.Context);
  if (function->isMemberPointerType()) {
    report_.error(use, "%0 is a pointer to a member, which cannot be used with %1")
        << function << given;
    report_.note(use, "the first argument must be an object of the class, by value: not a pointer "
                      "to one");
    return;
  }
  if (!called && !function->isFunctionType() && !function->isPointerType() &&
      !function->isRecordType()) {
    report_.error(use, "%0 is not a function; send a lambda, a function object or a function")
        << function;
    return;
  }
  report_.error(use, "the function that is sent cannot be called with %0") << given;
  if (called) {
    std::string taken = listed(
        called->parameters(), [](const ParmVarDecl* parameter) { return parameter->getType(); },
        sema_.Context);
    report_.note(called->getLocation(), "it is declared here, and takes %0") << taken;
  }
}

void Mistakes::changesItsArgument(SourceLocation use, QualType function,
                                  ArrayRef<TemplateArgument> arguments) {
  const FunctionDecl* called = calledFunction(function);
  const ParmVarDecl* guilty = nullptr;
  if (called && called->getNumParams() == arguments.size())
    for (const ParmVarDecl* parameter : called->parameters())
      if (QualType type = parameter->getType(); type->isLValueReferenceType() &&
                                                !type.getNonReferenceType().isConstQualified() &&
                                                !guilty)
        guilty = parameter;
  report_.error(guilty ? guilty->getLocation() : use,
                "the function takes %select{an argument|'%1'}0 as a reference, but what it would "
                "change is a copy on another machine")
      << (guilty != nullptr) << (guilty ? guilty->getName() : "");
  if (guilty) {
    QualType plain = guilty->getType().getNonReferenceType();
    SourceLocation begin = guilty->getBeginLoc();
    auto builder = report_.note(guilty->getLocation(),
                                "take it as %0 or as a reference to const, and return the changed "
                                "value");
    builder << plain;
    if (!begin.isMacroID())
      builder << FixItHint::CreateInsertion(begin, "const ");
  } else {
    report_.note(use, "take it by value or as a reference to const, and return the changed value");
  }
  if (guilty)
    report_.note(use, "the lambda is sent from here");
}

void Mistakes::returnsNothing(SourceLocation use, QualType function) {
  report_.error(use, "the function that is sent returns nothing, and a map or a reduction collects "
                     "what it returns");
  const FunctionDecl* called = calledFunction(function);
  report_.note(called ? called->getLocation() : use,
               "return what it computes: what it changes on another machine stays there");
}

void Mistakes::cannotReduce(SourceLocation use, QualType function, QualType needed,
                            QualType given) {
  report_.error(use, "the reducing function returns %0, which is no %1, as it must be to reduce "
                     "further")
      << given << needed;
  if (const FunctionDecl* called = calledFunction(function))
    report_.note(called->getLocation(),
                 "it is declared here; it must take two results of the mapping function and "
                 "return one");
}

} // namespace roam::plugin
