// How names and code lie in the store.
#include "runtime/name-store.h"
#include "net/coroutine.h"
#include "net/limits.h"
#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

namespace roam {
namespace {

constexpr const char* historyKeys = "history/";

std::string keyOfName(const std::string& name) {
  return keys::names + name;
}
std::string keysOfHistory(const std::string& name) {
  return historyKeys + name + "@";
}
std::string keyOfRevision(const std::string& name, std::uint64_t revision) {
  return fmt::format("{}{:020}", keysOfHistory(name), revision);
}
std::string keyOfCode(const Digest& digest) {
  return "code/" + digest.toString();
}
std::string keyOfPart(const Digest& digest, std::size_t part) {
  return fmt::format("{}/{:04}", keyOfCode(digest), part);
}

kj::Exception failed(std::string why) {
  return kj::Exception(kj::Exception::Type::FAILED, __FILE__, __LINE__,
                       kj::heapString(why.data(), why.size()));
}

} // namespace

// --- code --------------------------------------------------------------------------------------

kj::Promise<std::optional<net::StoreEntry>> NameStore::entry(std::string key) {
  KJ_IF_MAYBE (found, co_await store_.get(std::move(key)))
    co_return std::optional(std::move(*found));
  co_return std::optional<net::StoreEntry>();
}

kj::Promise<std::string> NameStore::code(Digest digest) {
  auto size = co_await entry(keyOfCode(digest));
  if (!size)
    throw failed("the store has no code of " + digest.toString());
  const std::uint64_t bytes = readCodeSize(size->value);
  std::string code;
  for (std::size_t part = 0; code.size() < bytes && bytes <= limits::sliceBytes; ++part) {
    auto more = co_await entry(keyOfPart(digest, part));
    if (!more || more->value.empty())
      break;
    code += more->value;
  }
  if (code.size() != bytes || Digest::of(std::string_view(code)) != digest)
    throw failed("the code of " + digest.toString() + " in the store is damaged");
  co_return code;
}

// --- binding -----------------------------------------------------------------------------------

/// In as few commits as they fit in. What is read by others comes last.
kj::Promise<void> NameStore::writeInOrder(std::vector<net::StoreWrite> writes) {
  for (std::size_t next = 0; next < writes.size();) {
    std::vector<net::StoreWrite> some;
    std::size_t bytes = 0;
    while (next < writes.size() && some.size() < limits::storeWrites &&
           (some.empty() || bytes + writes[next].value->size() <= limits::storeCommitBytes)) {
      bytes += writes[next].value->size();
      some.push_back(std::move(writes[next++]));
    }
    co_await store_.commit({}, std::move(some));
  }
}

kj::Promise<NameStore::Announced> NameStore::announce(std::vector<NamedBinding> bindings,
                                                      std::map<Digest, std::string> codes) {
  std::vector<kj::Promise<std::optional<net::StoreEntry>>> current;
  std::map<Digest, kj::Promise<std::optional<net::StoreEntry>>> sizes;
  for (auto& [name, binding] : bindings) {
    current.push_back(entry(keyOfName(name)));
    if (sizes.count(binding.digest) == 0)
      sizes.emplace(binding.digest, entry(keyOfCode(binding.digest)));
  }
  std::vector<net::StoreWrite> parts, ends;
  for (auto& [digest, asked] : sizes) {
    auto size = co_await kj::mv(asked);
    auto code = codes.find(digest);
    if (!size && code == codes.end())
      throw failed("the code of " + digest.toString() + " was removed from the store: try again");
    if (!size)
      for (std::size_t from = 0, part = 0; from < code->second.size();
           from += limits::storeValueBytes)
        parts.push_back(
            {keyOfPart(digest, part++), code->second.substr(from, limits::storeValueBytes)});
    ends.push_back({keyOfCode(digest), size ? size->value : writeCodeSize(code->second.size())});
  }
  Announced announced{std::move(bindings), {}};
  for (std::size_t i = 0; i < current.size(); ++i) {
    auto& [name, binding] = announced.bindings[i];
    auto before = co_await kj::mv(current[i]);
    binding.revision = before ? Binding::read(before->value).revision + 1 : 1;
    binding.boundAt = std::time(nullptr);
    announced.conditions.push_back({keyOfName(name), before ? before->modified : 0});
    ends.push_back({keyOfRevision(name, binding.revision), binding.write()});
  }
  parts.insert(parts.end(), ends.begin(), ends.end());
  co_await writeInOrder(std::move(parts));
  co_return announced;
}

kj::Promise<std::optional<net::Revision>> NameStore::bind(Announced announced) {
  if (announced.bindings.size() > limits::namesPerPush)
    throw failed(fmt::format("{} names are to be bound at once; the limit is {}",
                             announced.bindings.size(), limits::namesPerPush));
  std::vector<net::StoreWrite> writes;
  for (auto& [name, binding] : announced.bindings)
    writes.push_back({keyOfName(name), binding.write()});
  net::Committed committed =
      co_await store_.commit(std::move(announced.conditions), std::move(writes));
  co_return committed.done ? std::optional(committed.revision) : std::nullopt;
}

// --- what is kept ------------------------------------------------------------------------------

kj::Promise<bool> NameStore::isInUse(Digest digest) {
  for (const char* prefix : {keys::names, historyKeys}) {
    net::StoreListing listing = co_await store_.list(prefix);
    for (auto& entry : listing.entries)
      if (Binding::read(entry.value).digest == digest)
        co_return true;
  }
  co_return false;
}

/// Only if nobody announced it since we looked: that writes its size anew.
kj::Promise<void> NameStore::dropCode(Digest digest) {
  auto size = co_await entry(keyOfCode(digest));
  if (!size || co_await isInUse(digest))
    co_return;
  std::vector<net::StoreWrite> writes{{keyOfCode(digest), std::nullopt}};
  const std::uint64_t bytes = readCodeSize(size->value);
  for (std::size_t part = 0; part * limits::storeValueBytes < bytes; ++part)
    writes.push_back({keyOfPart(digest, part), std::nullopt});
  co_await store_.commit({{keyOfCode(digest), size->modified}}, std::move(writes));
}

kj::Promise<void> NameStore::collect(std::string name) {
  auto kept = co_await store_.list(keysOfHistory(name));
  if (kept.entries.size() <= limits::namesHistory)
    co_return;
  std::set<Digest> dropped;
  std::vector<net::StoreWrite> writes;
  for (std::size_t i = 0; i + limits::namesHistory < kept.entries.size(); ++i) {
    dropped.insert(Binding::read(kept.entries[i].value).digest);
    writes.push_back({kept.entries[i].key, std::nullopt});
    if (writes.size() == limits::storeWrites)
      break; // the rest with the next binding
  }
  co_await store_.commit({}, std::move(writes));
  for (const Digest& digest : dropped)
    co_await dropCode(digest);
}

kj::Promise<std::vector<NamedBinding>> NameStore::all() {
  net::StoreListing listing = co_await store_.list(keys::names);
  std::vector<NamedBinding> all;
  for (auto& entry : listing.entries)
    all.push_back(
        {entry.key.substr(std::string_view(keys::names).size()), Binding::read(entry.value)});
  co_return all;
}

kj::Promise<std::vector<Binding>> NameStore::history(std::string name) {
  auto current = co_await entry(keyOfName(name));
  if (!current)
    throw failed("no code was ever bound to the name " + name + "; `roam names` lists all");
  const std::uint64_t last = Binding::read(current->value).revision;
  net::StoreListing listing = co_await store_.list(keysOfHistory(name));
  std::vector<Binding> history;
  for (auto& entry : listing.entries)
    if (Binding binding = Binding::read(entry.value); binding.revision <= last)
      history.insert(history.begin(), std::move(binding)); // what was only announced is left out
  co_return history;
}

kj::Promise<Binding> NameStore::rollBack(std::string name, std::optional<std::uint64_t> revision,
                                         std::string by) {
  while (true) {
    std::vector<Binding> kept = co_await history(name);
    const std::uint64_t last = kept.empty() ? 0 : kept.front().revision;
    const std::uint64_t wanted = revision.value_or(last > 0 ? last - 1 : 0);
    auto found = std::ranges::find(kept, wanted, &Binding::revision);
    if (found == kept.end())
      throw failed(fmt::format("{} has no revision {} to go back to; `roam history {}` lists those "
                               "that are kept",
                               name, wanted, name));
    Binding again = *found;
    again.copyOf = again.copyOf != 0 ? again.copyOf : wanted;
    again.boundBy = by;
    Announced announced = co_await announce({{name, std::move(again)}}, {});
    Binding bound = announced.bindings.front().binding;
    if (co_await bind(std::move(announced))) {
      co_await collect(name);
      co_return bound;
    }
  }
}

} // namespace roam
