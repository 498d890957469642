// The mangled name is parsed, and its tree searched: "Ul" in "Ulysses" is no closure, and a
// function shows in template arguments however deep.
#include "plugin/local-types.h"
#include "llvm/Demangle/ItaniumDemangle.h"
#include <algorithm>
#include <memory>
#include <type_traits>
#include <vector>

using namespace llvm::itanium_demangle;

namespace roam::plugin {
namespace {

/// Owns the nodes of one tree.
class Nodes {
 public:
  void reset() { blocks_.clear(); }
  template <class Made, class... Args>
  Made* makeNode(Args&&... args) {
    return new (allocate(sizeof(Made))) Made(std::forward<Args>(args)...);
  }
  void* allocateNodeArray(size_t size) { return allocate(sizeof(Node*) * size); }

 private:
  void* allocate(size_t size) {
    blocks_.push_back(std::make_unique<char[]>(size)); // aligned as by new
    return blocks_.back().get();
  }
  std::vector<std::unique_ptr<char[]>> blocks_;
};

template <class N>
constexpr bool isUnnamed = std::is_same_v<N, ClosureTypeName> || std::is_same_v<N, UnnamedTypeName>;

/// Clang calls lambdas that no other file can see $_0, $_1, ...
bool isNumberedLambda(std::string_view name) {
  return name.starts_with("$_");
}

bool isLocal(const Node* node);
bool isLocal(NodeArray nodes) {
  return std::any_of(nodes.begin(), nodes.end(), [](const Node* node) { return isLocal(node); });
}
/// A child of a node; false for numbers and texts.
template <class Part>
bool partIsLocal(const Part& part) {
  if constexpr (std::is_convertible_v<Part, const Node*> || std::is_same_v<Part, NodeArray>)
    return isLocal(part);
  else
    return false;
}
bool isLocal(const Node* node) {
  bool local = false;
  if (node)
    node->visit([&](auto* shaped) {
      using Shaped = std::remove_const_t<std::remove_pointer_t<decltype(shaped)>>;
      if constexpr (isUnnamed<Shaped> || std::is_same_v<Shaped, LocalName>)
        local = true;
      else if constexpr (std::is_same_v<Shaped, NameType>)
        local = shaped->getName() == "(anonymous namespace)" || isNumberedLambda(shaped->getName());
      else if constexpr (!std::is_same_v<Shaped, ForwardTemplateReference>) // may be circular
        shaped->match([&](auto... parts) { local = (partIsLocal(parts) || ...); });
    });
  return local;
}

std::string bareName(const Node* node) {
  std::string name;
  node->visit([&](auto* shaped) {
    using Shaped = std::remove_const_t<std::remove_pointer_t<decltype(shaped)>>;
    if constexpr (std::is_same_v<Shaped, LocalName>)
      shaped->match([&](const Node*, const Node* inner) { name = bareName(inner); });
    else if constexpr (std::is_same_v<Shaped, NestedName>)
      name = bareName(shaped->Name);
    else if constexpr (std::is_same_v<Shaped, NameWithTemplateArgs>)
      shaped->match([&](const Node* of, const Node*) { name = bareName(of); });
    else if constexpr (std::is_same_v<Shaped, ClosureTypeName>)
      name = "lambda";
    else
      name = static_cast<const Node*>(shaped)->getBaseName();
  });
  if (isNumberedLambda(name))
    return "lambda";
  return name.empty() ? "type" : name;
}

} // namespace

std::optional<std::string> nameOfLocalType(llvm::StringRef mangled) {
  ManglingParser<Nodes> parser(mangled.begin(), mangled.end());
  const Node* type = parser.parseType();
  if (!type || !isLocal(type))
    return std::nullopt;
  return bareName(type);
}

} // namespace roam::plugin
