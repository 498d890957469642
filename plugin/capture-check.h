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

  /// Can F of Shippable<F> travel? If not, the errors have been printed: at the captures of a
  /// closure, else at `use`, with notes that say what to write instead.
  bool canTravel(const clang::ClassTemplateSpecializationDecl* shippable,
                 clang::SourceLocation use);

 private:
  bool checkClosure(const clang::CXXRecordDecl* closure);
  bool checkCapture(const clang::CXXRecordDecl* closure, const clang::LambdaCapture& capture,
                    const clang::FieldDecl* field);
  void refuseThis(const clang::CXXRecordDecl* closure, const clang::LambdaCapture& capture);
  void refuseReference(const clang::CXXRecordDecl* closure, const clang::LambdaCapture& capture);
  void advise(clang::SourceLocation at, const Obstacle& obstacle);
  void noteUse(clang::SourceLocation use);

  clang::Sema& sema_;
  Report report_;
  ObstacleSearch search_;
  /// Closures already checked: one nested in several others is reported once.
  llvm::DenseMap<const clang::CXXRecordDecl*, bool> verdicts_;
};

} // namespace roam::plugin
