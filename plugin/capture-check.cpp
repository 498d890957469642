// The errors at captures. Example:
//
//     error: capture 'rate' cannot travel to another machine: it is a reference
//     note: 'rate' is declared here with type 'double'
//     note: write 'rate' instead of '&rate' to send a copy      (with a fix-it)
//     note: the lambda is sent from here
#include "plugin/capture-check.h"
#include "plugin/place-of-use.h"
#include "clang/Basic/SourceManager.h"

using namespace clang;

namespace roam::plugin {
namespace {

constexpr char cannotTravel[] = "capture '%0' cannot travel to another machine: it %1";

/// Where the capture's '&' stands: `[& x]` with x at `name`. Invalid if it is not there.
SourceLocation ampersandBefore(SourceLocation name, const SourceManager& sources) {
  if (name.isMacroID())
    return {};
  bool invalid = false;
  StringRef text = sources.getBufferData(sources.getFileID(name), &invalid);
  unsigned offset = sources.getFileOffset(name);
  if (invalid || offset > text.size())
    return {};
  size_t found = text.take_front(offset).find_last_not_of(" \t\n\r");
  if (found == StringRef::npos || text[found] != '&')
    return {};
  return name.getLocWithOffset(int(found) - int(offset));
}

/// Where the '&' of `[&]` or `[&, x]` stands, the bracket being at `begin`. Invalid if it is not
/// there.
SourceLocation defaultAmpersand(SourceLocation begin, const SourceManager& sources) {
  if (begin.isMacroID())
    return {};
  bool invalid = false;
  StringRef text = sources.getBufferData(sources.getFileID(begin), &invalid);
  unsigned offset = sources.getFileOffset(begin);
  if (invalid || offset >= text.size() || text[offset] != '[')
    return {};
  size_t found = text.find_first_not_of(" \t\n\r", offset + 1);
  return found != StringRef::npos && text[found] == '&'
             ? begin.getLocWithOffset(int(found) - int(offset))
             : SourceLocation();
}

} // namespace

CaptureCheck::Verdict CaptureCheck::check(const ClassTemplateSpecializationDecl* shippable,
                                          SourceLocation use) {
  QualType type = shippable->getTemplateArgs()[0].getAsType();
  bool passed = false;
  if (auto* shaped = dyn_cast_or_null<ClassTemplateSpecializationDecl>(type->getAsCXXRecordDecl());
      shaped && shaped->getName() == "Passed" && isInRoam(shaped)) {
    passed = true;
    type = shaped->getTemplateArgs()[0].getAsType();
  }
  auto* record = type->getAsCXXRecordDecl();
  if (record && record->isDependentType())
    return {};
  use = placeOfUse(sema_, use);
  if (record && record->isLambda()) {
    Verdict verdict = checkClosure(record->getDefinition());
    if (!verdict.canTravel)
      noteUse(use);
    return verdict;
  }
  std::optional<Obstacle> obstacle;
  Verdict verdict = checkValue(type, obstacle, passed);
  if (verdict.canTravel)
    return verdict;
  report_.error(use, "%0 cannot travel to another machine: it %select{is|holds}1 %2%3")
      << type << !obstacle->path.empty() << obstacle->what
      << (obstacle->path.empty() ? "" : " in '" + StringRef(obstacle->path).ltrim('.').str() + "'");
  advise(use, *obstacle);
  return verdict;
}

CaptureCheck::Verdict CaptureCheck::checkValue(QualType type, std::optional<Obstacle>& obstacle,
                                               bool passed) {
  obstacle = search_.find(type, passed);
  return {!obstacle, search_.mayShare()};
}

CaptureCheck::Verdict CaptureCheck::checkClosure(const CXXRecordDecl* closure) {
  auto [known, first] = verdicts_.try_emplace(closure);
  if (!first)
    return known->second;
  Verdict all;
  auto field = closure->field_begin();
  for (const LambdaCapture& capture : closure->captures()) {
    Verdict one = checkCapture(closure, capture, *field++);
    all.canTravel &= one.canTravel;
    all.shares |= one.shares;
  }
  return verdicts_[closure] = all;
}

CaptureCheck::Verdict CaptureCheck::checkCapture(const CXXRecordDecl* closure,
                                                 const LambdaCapture& capture,
                                                 const FieldDecl* field) {
  SourceLocation at = capture.getLocation();
  if (capture.capturesVLAType()) {
    report_.error(at, "the size of a variable-length array cannot travel to another machine");
    report_.note(closure->getBeginLoc(), "use a std::vector instead of the array, and capture it "
                                         "or its size");
    return {.canTravel = false};
  }
  if (capture.getCaptureKind() == LCK_This) {
    refuseThis(closure, capture);
    return {.canTravel = false};
  }
  if (capture.capturesVariable() && capture.getCaptureKind() == LCK_ByRef) {
    refuseReference(closure, capture);
    return {.canTravel = false};
  }
  std::string name = capture.capturesVariable() ? capture.getCapturedVar()->getNameAsString()
                                                : std::string("*this");
  if (auto* inner = field->getType()->getAsCXXRecordDecl(); inner && inner->isLambda()) {
    Verdict verdict = checkClosure(inner->getDefinition());
    if (!verdict.canTravel)
      report_.note(at, "that lambda is captured here, as '%0'") << name;
    return verdict;
  }
  std::optional<Obstacle> obstacle;
  Verdict verdict = checkValue(field->getType(), obstacle);
  if (verdict.canTravel)
    return verdict;
  std::string why = obstacle->path.empty()
                        ? "is " + obstacle->what
                        : "holds " + obstacle->what + " in '" + name + obstacle->path + "'";
  report_.error(at, cannotTravel) << name << why;
  advise(at, *obstacle);
  return verdict;
}

void CaptureCheck::advise(SourceLocation at, const Obstacle& obstacle) {
  if (obstacle.closed) {
    report_.note(obstacle.closed->getLocation(), "%0 is declared here; %1")
        << sema_.Context.getRecordType(obstacle.closed) << obstacle.advice;
    return;
  }
  if (!obstacle.member) {
    report_.note(at, "%0") << obstacle.advice;
    return;
  }
  report_.note(obstacle.member->getLocation(),
               "'%0' is declared here; %1, or give %2 a member 'template <class Archive> void "
               "serialize(Archive&)' that says how it travels")
      << obstacle.member->getName() << obstacle.advice
      << sema_.Context.getRecordType(obstacle.member->getParent());
}

void CaptureCheck::refuseThis(const CXXRecordDecl* closure, const LambdaCapture& capture) {
  SourceLocation at = capture.getLocation();
  report_.error(at, cannotTravel) << "this"
                                  << "is a raw pointer to the enclosing object";
  SourceLocation note = capture.isExplicit() ? at : closure->getBeginLoc();
  auto builder = report_.note(
      note, "capture '*this' to send a copy of the whole object, or only the members that are "
            "used: [member = this->member]");
  if (capture.isExplicit())
    builder << FixItHint::CreateReplacement(at, "*this");
}

void CaptureCheck::refuseReference(const CXXRecordDecl* closure, const LambdaCapture& capture) {
  SourceLocation at = capture.getLocation();
  const ValueDecl* variable = capture.getCapturedVar();
  StringRef name = variable->getName();
  if (auto obstacle = search_.find(variable->getType().getNonReferenceType())) {
    refuseAlsoTheCopy(at, name, *obstacle);
    return;
  }
  report_.error(at, cannotTravel) << name << "is a reference";
  auto* init = dyn_cast<VarDecl>(variable);
  if (init && init->isInitCapture()) {
    SourceLocation ampersand = ampersandBefore(variable->getLocation(), sema_.SourceMgr);
    auto builder = report_.note(at, "write '%0 = ...' without '&' to send a copy") << name;
    if (ampersand.isValid())
      builder << FixItHint::CreateRemoval(CharSourceRange::getCharRange(ampersand, at));
    return;
  }
  report_.note(variable->getLocation(), "'%0' is declared here with type %1")
      << name << variable->getType();
  if (!capture.isExplicit()) {
    SourceLocation begin = closure->getBeginLoc();
    SourceLocation ampersand = defaultAmpersand(begin, sema_.SourceMgr);
    auto builder = report_.note(begin, "write '[=]' instead of '[&]', or '[%0]', to send a copy")
                   << name;
    if (ampersand.isValid())
      builder << FixItHint::CreateReplacement(ampersand, "=");
    return;
  }
  SourceLocation ampersand = ampersandBefore(at, sema_.SourceMgr);
  auto builder = report_.note(at, "write '%0' instead of '&%0' to send a copy") << name;
  if (ampersand.isValid())
    builder << FixItHint::CreateRemoval(CharSourceRange::getCharRange(ampersand, at));
}

/// The advice to capture by value would not help.
void CaptureCheck::refuseAlsoTheCopy(SourceLocation at, StringRef name, const Obstacle& obstacle) {
  report_.error(at, "capture '%0' cannot travel to another machine: it is a reference, and a copy "
                    "could not travel either: it %select{is|holds}1 %2%3")
      << name << !obstacle.path.empty() << obstacle.what
      << (obstacle.path.empty() ? "" : " in '" + name.str() + obstacle.path + "'");
  advise(at, obstacle);
}

void CaptureCheck::noteUse(SourceLocation use) {
  if (use.isValid())
    report_.note(use, "the lambda is sent from here");
}

} // namespace roam::plugin
