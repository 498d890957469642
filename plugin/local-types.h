// Which type names show where they were written?
#pragma once
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>

namespace roam::plugin {

/// The bare name of a type that is local to a function or a file, or is made of one: "Here" for
/// `f(int)::Here` and `(anonymous namespace)::Here`, "shared_ptr" for
/// std::shared_ptr<f(int)::Here>, "lambda" for closures. Nothing for other types. `mangled` is the
/// text of its typeinfo name.
std::optional<std::string> nameOfLocalType(llvm::StringRef mangled);

} // namespace roam::plugin
