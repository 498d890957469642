// The text form of a description: one fact a line, fields separated by tabs.
#include "jit/slice/manifest.h"
#include <charconv>
#include <stdexcept>

namespace roam {
namespace {

/// Tabs, line ends and backslashes of a name would end its field: they are written \t, \n and \\.
std::string escaped(std::string_view field) {
  std::string text;
  for (char c : field)
    switch (c) {
    case '\t':
      text += "\\t";
      break;
    case '\n':
      text += "\\n";
      break;
    case '\\':
      text += "\\\\";
      break;
    default:
      text += c;
    }
  return text;
}

std::string unescaped(std::string_view field) {
  std::string text;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\' || i + 1 == field.size()) {
      text += field[i];
      continue;
    }
    char c = field[++i];
    text += c == 't' ? '\t' : c == 'n' ? '\n' : c;
  }
  return text;
}

std::vector<std::string> fieldsOf(std::string_view line) {
  std::vector<std::string> fields;
  for (;;) {
    std::size_t end = line.find('\t');
    fields.push_back(unescaped(line.substr(0, end)));
    if (end == std::string_view::npos)
      return fields;
    line.remove_prefix(end + 1);
  }
}

[[noreturn]] void fail(std::string_view line, const char* expected) {
  throw std::runtime_error("damaged description: '" + std::string(line.substr(0, 200)) +
                           "', expected " + expected);
}

template <class Number>
void readNumber(std::string_view line, const std::string& field, Number& number) {
  auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), number);
  if (error != std::errc() || end != field.data() + field.size() || field.empty())
    fail(line, ("a number instead of '" + field.substr(0, 40) + "'").c_str());
}

void expectFields(std::string_view line, std::size_t actual, std::size_t expected,
                  const char* form) {
  if (actual != expected)
    fail(line, form);
}

/// One line that says what is in the slice.
void readCode(std::string_view line, const std::vector<std::string>& fields,
              CodeDescription& code) {
  auto expect = [&](std::size_t count, const char* form) {
    expectFields(line, fields.size(), count, form);
  };
  if (fields[0] == "functions") {
    expect(3, "functions COUNT INSTRUCTIONS");
    readNumber(line, fields[1], code.functions);
    readNumber(line, fields[2], code.instructions);
  } else if (fields[0] == "function") {
    expect(3, "function NAME INSTRUCTIONS");
    code.largest.push_back({fields[1], 0});
    readNumber(line, fields[2], code.largest.back().instructions);
  } else if (fields[0] == "state") {
    expect(3, "state KIND NAME");
    code.state.push_back({fields[1], fields[2]});
  } else if (fields[0] == "cpu") {
    expect(2, "cpu FEATURE");
    code.cpuFeatures.push_back(fields[1]);
  }
}

/// One line into `description`.
void readLine(std::string_view line, Description& description) {
  auto fields = fieldsOf(line);
  auto expect = [&](std::size_t count, const char* form) {
    expectFields(line, fields.size(), count, form);
  };
  if (fields[0] == "place") {
    expect(4, "place FILE LINE COLUMN");
    description.file = fields[1];
    readNumber(line, fields[2], description.line);
    readNumber(line, fields[3], description.column);
  } else if (fields[0] == "closure") {
    expect(4, "closure TYPE SIZE ALIGNMENT");
    description.closureType = fields[1];
    readNumber(line, fields[2], description.closureSize);
    readNumber(line, fields[3], description.closureAlignment);
  } else if (fields[0] == "capture") {
    expect(5, "capture NAME TYPE OFFSET SIZE");
    CaptureDescription capture{fields[1], fields[2], 0, 0};
    readNumber(line, fields[3], capture.offset);
    readNumber(line, fields[4], capture.size);
    description.captures.push_back(std::move(capture));
  } else if (fields[0] == "argument") {
    expect(2, "argument TYPE");
    description.argumentType = fields[1];
  } else if (fields[0] == "result") {
    expect(2, "result TYPE");
    description.resultType = fields[1];
  } else if (fields[0] == "live") {
    expect(3, "live NAME SIGNATURE");
    description.liveName = fields[1];
    description.signature = fields[2];
  } else if (fields[0] == "symbol") {
    expect(2, "symbol MANGLED");
    description.symbol = fields[1];
  } else if (fields[0] == "refused") {
    expect(2, "refused REASON");
    description.refusal = fields[1];
  } else {
    readCode(line, fields, description.code);
  }
}

} // namespace

std::string Description::toText() const {
  auto number = [](auto value) { return "\t" + std::to_string(value); };
  std::string text = "place\t" + escaped(file) + number(line) + number(column) + "\n";
  if (!symbol.empty()) { // of a function slice: there is no closure
    text += "symbol\t" + escaped(symbol) + "\n";
    return refusal.empty() ? text : text + "refused\t" + escaped(refusal) + "\n";
  }
  text += "closure\t" + escaped(closureType) + number(closureSize) + number(closureAlignment);
  text += "\n";
  for (const CaptureDescription& capture : captures)
    text += "capture\t" + escaped(capture.name) + "\t" + escaped(capture.type) +
            number(capture.offset) + number(capture.size) + "\n";
  text += "argument\t" + escaped(argumentType) + "\n";
  text += "result\t" + escaped(resultType) + "\n";
  if (!liveName.empty())
    text += "live\t" + escaped(liveName) + "\t" + escaped(signature) + "\n";
  if (code.functions > 0)
    text += "functions" + number(code.functions) + number(code.instructions) + "\n";
  for (const FunctionDescription& function : code.largest)
    text += "function\t" + escaped(function.name) + number(function.instructions) + "\n";
  for (const StateDescription& variable : code.state)
    text += "state\t" + escaped(variable.kind) + "\t" + escaped(variable.name) + "\n";
  for (const std::string& feature : code.cpuFeatures)
    text += "cpu\t" + escaped(feature) + "\n";
  return text;
}

Description Description::parse(std::string_view text) {
  Description description;
  while (!text.empty()) {
    std::size_t end = text.find('\n');
    if (std::string_view line = text.substr(0, end); !line.empty())
      readLine(line, description);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return description;
}

} // namespace roam
