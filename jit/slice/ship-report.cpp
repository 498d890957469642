// The lines of a ship report.
#include "jit/slice/ship-report.h"
#include "jit/slice/cpu-features.h"
#include "jit/slice/demangle.h"
#include "jit/slice/peer-local-name.h"
#include <algorithm>

namespace roam {
namespace {

std::string counted(std::uint64_t count, const std::string& noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

/// One fact: its heading in a column of its own.
std::string line(const std::string& heading, const std::string& text) {
  constexpr std::size_t column = 10;
  return "  " + heading + std::string(column - std::min(column - 1, heading.size()), ' ') + text +
         "\n";
}

/// A number in a column of its own, at its left or right end.
std::string padded(const std::string& number, std::size_t width, bool left) {
  std::string space(width - std::min(width, number.size()), ' ');
  return left ? number + space : space + number;
}

/// `text` with what stands between the brackets left out: "map<...>".
std::string withoutInside(const std::string& text, char open, char close) {
  std::string kept;
  unsigned depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    bool bracket = !kept.ends_with("operator") && !kept.ends_with("operator<") &&
                   !kept.ends_with("operator>") && !(i > 0 && text[i - 1] == '-');
    depth -= bracket && text[i] == close && depth > 0;
    if (depth == 0)
      kept += text[i];
    if (bracket && text[i] == open && depth++ == 0)
      kept += "...";
  }
  return kept;
}

/// For a line: long template arguments tell little, and long parameter lists less.
std::string shortName(const std::string& symbol) {
  constexpr std::size_t enough = 90;
  std::string name = demangled(symbol);
  if (name.size() > enough)
    name = withoutInside(name, '<', '>');
  if (name.size() > enough)
    name = withoutInside(name, '(', ')');
  return name;
}

std::string closureOf(const Description& about) {
  std::string text = line("closure", counted(about.closureSize, "byte") + ", " +
                                         counted(about.captures.size(), "capture"));
  for (const CaptureDescription& capture : about.captures)
    text += "    " + padded("+" + std::to_string(capture.offset), 5, true) + " " + capture.name +
            " : " + capture.type + " (" + counted(capture.size, "byte") + ")\n";
  return text;
}

std::string codeOf(const CodeDescription& code, std::size_t bytes) {
  if (code.functions == 0) // of an older plugin
    return line("code", counted(bytes, "byte"));
  std::string text =
      line("code", counted(code.functions, "function") + ", " +
                       counted(code.instructions, "instruction") + " in " + counted(bytes, "byte"));
  for (const FunctionDescription& function : code.largest)
    text += "    " + padded(std::to_string(function.instructions), 5, false) + "  " +
            (function.name == entrySymbol ? "the entry and what was inlined into it"
                                          : shortName(function.name)) +
            "\n";
  for (const StateDescription& variable : code.state)
    text += line("state", variable.kind + " " + shortName(variable.name));
  for (const std::string& feature : code.cpuFeatures)
    text += line("CPU with", inWords(feature));
  return text;
}

} // namespace

std::string signatureReport(const Description& about) {
  return line("call", "(" + about.argumentType + ") -> " + about.resultType) + closureOf(about);
}

/// Peer-local variables are undefined, too, but that was told as state.
std::string shipReport(const ManifestEntry& entry, bool symbols) {
  const Description& about = entry.description;
  std::string text = signatureReport(about);
  text += codeOf(about.code, entry.slice.size());
  std::vector<std::string> undefined = entry.needs;
  std::erase_if(undefined, [](auto& symbol) { return symbol.starts_with(peerLocalPrefix); });
  text += line("undefined", counted(undefined.size(), "symbol") +
                                (symbols || undefined.empty() ? "" : " (--symbols lists them)"));
  if (symbols)
    for (const std::string& symbol : undefined)
      text += "    " + demangled(symbol) + "\n";
  return text;
}

} // namespace roam
