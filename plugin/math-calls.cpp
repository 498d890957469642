// A call marked nobuiltin is a call of a function that LLVM knows nothing about.
#include "plugin/math-calls.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/IR/InstrTypes.h"
#include "llvm/IR/Intrinsics.h"

using namespace llvm;

namespace roam::plugin {
namespace {

bool isInexact(const Function& function) {
  switch (function.getIntrinsicID()) {
  case Intrinsic::not_intrinsic:
    break;
  case Intrinsic::cos:
  case Intrinsic::exp:
  case Intrinsic::exp10:
  case Intrinsic::exp2:
  case Intrinsic::log:
  case Intrinsic::log10:
  case Intrinsic::log2:
  case Intrinsic::pow:
  case Intrinsic::powi:
  case Intrinsic::sin:
  case Intrinsic::tan:
    return true;
  default:
    return false;
  }
  StringRef name = function.getName();
  if (name.consume_front("__"))
    name.consume_back("_finite");
  if (!name.consume_back("f"))
    name.consume_back("l"); // float and long double; erf loses its own, too
  return StringSwitch<bool>(name)
      .Cases("acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", true)
      .Cases("cbrt", "cos", "cosh", "er", "erf", "erfc", "exp", "exp10", "exp2", true)
      .Cases("expm1", "hypot", "lgamma", "log", "log10", "log1p", "log2", true)
      .Cases("pow", "sin", "sinh", "tan", "tanh", "tgamma", true)
      .Default(false);
}

/// Does something with each call of an inexact function.
template <class Change>
void forEachInexactCall(Module& module, Change change) {
  for (Function& function : module)
    if (function.isDeclaration() && isInexact(function))
      for (User* user : function.users())
        if (auto* call = dyn_cast<CallBase>(user); call && call->getCalledFunction() == &function)
          change(*call);
}

} // namespace

void holdMathCalls(Module& module) {
  forEachInexactCall(module, [](CallBase& call) { call.addFnAttr(Attribute::NoBuiltin); });
}

void releaseMathCalls(Module& module) {
  forEachInexactCall(module, [](CallBase& call) { call.removeFnAttr(Attribute::NoBuiltin); });
}

} // namespace roam::plugin
