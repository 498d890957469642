// Refuses, at the capture, what cannot travel to another machine.
#pragma once
#include "plugin/obstacles.h"
#include "plugin/report.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/Sema/Sema.h"
#include "llvm/ADT/DenseMap.h"

namespace roam::plugin {

/// Asked once a type that is to travel (roam::Shippable<F>). One a translation unit.
class CaptureCheck {
 public:
  explicit CaptureCheck(clang::Sema& sema) : sema_(sema), report_(sema.Diags), search_(sema) {}

  struct Verdict {
    bool canTravel = true;
    bool shares = false; ///< several owners of one object may be inside
  };
  /// What is said of F of Shippable<F>. If it can't travel, the errors have been printed: at the
  /// captures of a closure, else at `use`, with notes that say what to write instead.
  Verdict check(const clang::ClassTemplateSpecializationDecl* shippable, clang::SourceLocation use);

 private:
  Verdict checkClosure(const clang::CXXRecordDecl* closure);
  Verdict checkCapture(const clang::CXXRecordDecl* closure, const clang::LambdaCapture& capture,
                       const clang::FieldDecl* field);
  Verdict checkValue(clang::QualType type, std::optional<Obstacle>& obstacle, bool passed = false);
  void refuseThis(const clang::CXXRecordDecl* closure, const clang::LambdaCapture& capture);
  void refuseReference(const clang::CXXRecordDecl* closure, const clang::LambdaCapture& capture);
  void refuseAlsoTheCopy(clang::SourceLocation at, llvm::StringRef name, const Obstacle& obstacle);
  void advise(clang::SourceLocation at, const Obstacle& obstacle);
  void noteUse(clang::SourceLocation use);

  clang::Sema& sema_;
  Report report_;
  ObstacleSearch search_;
  /// Closures already checked: one nested in several others is reported once.
  llvm::DenseMap<const clang::CXXRecordDecl*, Verdict> verdicts_;
};

} // namespace roam::plugin
