// The plugin's flags, given as -fplugin-arg-roam-FLAG. None of them changes a slice.
#pragma once
#include "llvm/ADT/StringRef.h"
#include <optional>
#include <string>
#include <vector>

namespace roam::plugin {

/// How loud what is allowed is told. What would fail later, or give wrong values, is always an
/// error.
enum class Severity { off, remark, warning, error };

struct Options {
  /// `print`: one line an entry on standard error: number, digest, bytes, undefined symbols,
  /// closure type. Off: compilers are quiet.
  bool print = false;
  /// `report`: a remark at each lambda that says what travels: captures, functions and bytes,
  /// state, symbols. The same as `roam inspect` of the program says. Off: compilers are quiet.
  bool report = false;
  /// `statics=off|remark|warning|error`: at each static variable inside a function that travels.
  /// Every worker of a peer has one of its own for each lambda, which is what some want and others
  /// forget. Off. `remarks` is `statics=remark`.
  Severity statics = Severity::off;
  /// `time`: CPU milliseconds of each step on standard error. Off, for the same reason.
  bool time = false;
  /// `skip`: no slices; the headers' side only. Off. For measuring what the slices cost.
  bool skip = false;
  /// `exports=none`: no slices of functions and constants for other files of the program, which
  /// saves a sixth to a quarter of the compile time of files without lambdas. Closures of other
  /// files that call what is here are then refused. On.
  bool exports = true;
  /// `linked`: each slice becomes machine code of the program as well, so that peers which load it
  /// (`roam peer --load`) run its closures without compiling. Off: the object gets larger.
  bool linked = false;
  /// `dump=DIR`: writes each slice to DIR/DIGEST.bc, for llvm-dis. Empty: nowhere.
  std::string dump;

  /// Nothing if a flag is unknown; `unknown` is then that flag.
  static std::optional<Options> parse(const std::vector<std::string>& flags, std::string& unknown) {
    Options options;
    for (llvm::StringRef flag : flags) {
      if (flag == "print")
        options.print = true;
      else if (flag == "report")
        options.report = true;
      else if (flag == "remarks")
        options.statics = Severity::remark;
      else if (flag.starts_with("statics=") && severityNamed(flag.substr(8)))
        options.statics = *severityNamed(flag.substr(8));
      else if (flag == "time")
        options.time = true;
      else if (flag == "skip")
        options.skip = true;
      else if (flag == "exports=none")
        options.exports = false;
      else if (flag == "linked")
        options.linked = true;
      else if (flag.consume_front("dump="))
        options.dump = flag.str();
      else {
        unknown = flag.str();
        return std::nullopt;
      }
    }
    return options;
  }

 private:
  static std::optional<Severity> severityNamed(llvm::StringRef name) {
    if (name == "off")
      return Severity::off;
    if (name == "remark")
      return Severity::remark;
    if (name == "warning")
      return Severity::warning;
    if (name == "error")
      return Severity::error;
    return std::nullopt;
  }
};

} // namespace roam::plugin
