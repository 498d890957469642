// The description of an entry for people and tools: where its lambda stands, what it captures,
// takes and gives.
#pragma once
#include "jit/slice/manifest.h"
#include "plugin/entries.h"
#include "clang/Basic/SourceManager.h"

namespace roam::plugin {

/// From the shape's aliases Closure, Argument and Result; what a shape does not have stays empty.
/// File names follow -ffile-prefix-map, as __FILE__ does.
Description describe(clang::ASTContext& ast, const Entry& entry);

/// Fills in file, line and column; leaves them alone if the location is invalid.
void describePlace(clang::ASTContext& ast, clang::SourceLocation at, Description& description);

/// The type behind the member alias `name` of a complete shape; null if it has none.
clang::QualType aliasOf(clang::ASTContext& ast, clang::QualType shape, llvm::StringRef name);

/// Where the lambda of the entry stands; the first one of several. Else where its function object
/// is defined.
clang::SourceLocation placeOf(clang::ASTContext& ast, const Entry& entry);

} // namespace roam::plugin
