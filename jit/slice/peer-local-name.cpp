// From name to symbol and back. Mangled types hold no colons; a name given in the source may.
#include "jit/slice/peer-local-name.h"
#include <charconv>

namespace roam {
namespace {

/// Takes what is behind the last colon; nothing if there is none.
std::optional<std::string_view> takeLast(std::string_view& text) {
  std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos)
    return std::nullopt;
  std::string_view last = text.substr(colon + 1);
  text = text.substr(0, colon);
  return last;
}

bool read(std::optional<std::string_view> text, std::uint64_t& number) {
  if (!text || text->empty())
    return false;
  auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  return error == std::errc() && end == text->data() + text->size();
}

} // namespace

std::string PeerLocalName::symbol() const {
  return std::string(peerLocalPrefix) + name + ":" + std::to_string(size) + ":" +
         std::to_string(alignment) + ":" + type;
}

std::optional<PeerLocalName> PeerLocalName::parse(std::string_view symbol) {
  if (!symbol.starts_with(peerLocalPrefix))
    return std::nullopt;
  symbol.remove_prefix(peerLocalPrefix.size());
  PeerLocalName parsed;
  auto type = takeLast(symbol);
  if (!type || !read(takeLast(symbol), parsed.alignment) || !read(takeLast(symbol), parsed.size) ||
      symbol.empty())
    return std::nullopt;
  parsed.name = symbol;
  parsed.type = *type;
  return parsed;
}

} // namespace roam
