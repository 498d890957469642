// Names come from slices, which are what their author meant but not what another author meant.
#include "jit/peer-locals.h"
#include "jit/slice/demangle.h"
#include "jit/slice/peer-local-name.h"
#include <bit>
#include <cstring>
#include <stdexcept>

namespace roam::jit {
namespace {

std::string described(const std::string& type, std::size_t size, std::size_t alignment) {
  std::string text = type.starts_with("_ZTS") ? demangled(type) : type;
  if (text.starts_with("typeinfo name for "))
    text = text.substr(std::strlen("typeinfo name for "));
  return "a " + text + " of " + std::to_string(size) + " bytes, aligned to " +
         std::to_string(alignment);
}

PeerLocalName checked(const std::string& symbol) {
  auto asked = PeerLocalName::parse(symbol);
  if (!asked)
    throw std::runtime_error("has a damaged name of a peer-local variable: '" +
                             symbol.substr(0, 200) + "'");
  std::string variable = "uses the peer-local variable '" + demangled(asked->name) + "'";
  if (asked->size > limits::peerLocalBytes)
    throw std::runtime_error(variable + " of " + std::to_string(asked->size) +
                             " bytes; the limit is " +
                             std::to_string(limits::peerLocalBytes >> 20) +
                             " MiB: make it a pointer, and allocate what it points to");
  if (!std::has_single_bit(asked->alignment) || asked->alignment > limits::peerLocalAlignment)
    throw std::runtime_error(variable + " aligned to " + std::to_string(asked->alignment) +
                             " bytes; a power of two up to " +
                             std::to_string(limits::peerLocalAlignment) + " is possible");
  return *std::move(asked);
}

} // namespace

void* PeerLocals::find(const std::string& symbol) {
  PeerLocalName asked = checked(symbol);
  std::lock_guard lock(mutex_);
  auto [at, isNew] = variables_.try_emplace(asked.name);
  Variable& known = at->second;
  if (!isNew) {
    if (known.size == asked.size && known.alignment == asked.alignment && known.type == asked.type)
      return known.storage.get();
    throw std::runtime_error("uses the peer-local variable '" + demangled(asked.name) + "' as " +
                             described(asked.type, asked.size, asked.alignment) +
                             ", but on this peer it is " +
                             described(known.type, known.size, known.alignment) +
                             ": give it another name, or restart the peer");
  }
  std::size_t room = (asked.size / asked.alignment + 1) * asked.alignment;
  known.storage.reset(std::aligned_alloc(asked.alignment, room));
  if (!known.storage) {
    variables_.erase(at);
    throw std::runtime_error("uses the peer-local variable '" + demangled(asked.name) + "' of " +
                             std::to_string(asked.size) +
                             " bytes, for which this machine lacks "
                             "memory");
  }
  std::memset(known.storage.get(), 0, room);
  known.size = asked.size;
  known.alignment = asked.alignment;
  known.type = asked.type;
  return known.storage.get();
}

} // namespace roam::jit
