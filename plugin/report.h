// Errors, warnings, remarks and notes of the plugin, in the compiler's own way of printing them.
#pragma once
#include "clang/Basic/Diagnostic.h"

namespace roam::plugin {

/// Reports straight to the diagnostics engine and not through Sema: no instantiation stack of our
/// headers is printed. Only one builder may be alive at a time; the engine crashes on two.
class Report {
 public:
  explicit Report(clang::DiagnosticsEngine& engine) : engine_(engine) {}

  template <unsigned N>
  clang::DiagnosticBuilder error(clang::SourceLocation at, const char (&text)[N]) {
    return engine_.Report(at, engine_.getCustomDiagID(clang::DiagnosticsEngine::Error, text));
  }
  template <unsigned N>
  clang::DiagnosticBuilder warning(clang::SourceLocation at, const char (&text)[N]) {
    return engine_.Report(at, engine_.getCustomDiagID(clang::DiagnosticsEngine::Warning, text));
  }
  template <unsigned N>
  clang::DiagnosticBuilder remark(clang::SourceLocation at, const char (&text)[N]) {
    return engine_.Report(at, engine_.getCustomDiagID(clang::DiagnosticsEngine::Remark, text));
  }
  template <unsigned N>
  clang::DiagnosticBuilder note(clang::SourceLocation at, const char (&text)[N]) {
    return engine_.Report(at, engine_.getCustomDiagID(clang::DiagnosticsEngine::Note, text));
  }

 private:
  clang::DiagnosticsEngine& engine_;
};

} // namespace roam::plugin
