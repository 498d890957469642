// How names and code lie in the store.
#include "runtime/name-store.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include <algorithm>
#include <ctime>
#include <fmt/format.h>
#include <set>
#include <stdexcept>

namespace roam {
namespace {

/// Of others that bind or announce the same at the same time: each makes us look again.
constexpr unsigned announcements = 100;

std::string keyOfName(const std::string& name) {
  return keys::names + name;
}
std::string keysOfHistory(const std::string& name) {
  return keys::history + name + "@";
}
std::string keyOfRevision(const std::string& name, std::uint64_t revision) {
  return fmt::format("{}{:020}", keysOfHistory(name), revision);
}
std::string keyOfCode(const Digest& digest) {
  return keys::code + digest.toString();
}
std::string keyOfPart(const Digest& digest, std::size_t part) {
  return fmt::format("{}/{:04}", keyOfCode(digest), part);
}

/// The digest of a binding, or none if those bytes are no binding: then nobody can use its code.
std::set<Digest> digestsIn(const std::string& binding) {
  try {
    return {Binding::read(binding).digest};
  } catch (const std::runtime_error&) {
    return {};
  }
}

/// Fails with its key, so that it can be found.
Binding bindingIn(const net::StoreEntry& entry) {
  try {
    return Binding::read(entry.value);
  } catch (const std::runtime_error& damage) {
    throw std::runtime_error(entry.key + ": " + damage.what());
  }
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
    throw net::failed("the store has no code of " + digest.toString());
  const std::uint64_t bytes = readCodeSize(size->value);
  std::string code;
  for (std::size_t part = 0; code.size() < bytes && bytes <= limits::sliceBytes; ++part) {
    auto more = co_await entry(keyOfPart(digest, part));
    if (!more || more->value.empty())
      break;
    code += more->value;
  }
  if (code.size() != bytes || Digest::of(std::string_view(code)) != digest)
    throw net::failed("the code of " + digest.toString() + " in the store is damaged");
  co_return code;
}

// --- binding -----------------------------------------------------------------------------------

/// In as few commits as they fit in: the revision of the store that made each, or nothing if a
/// condition did not hold. What comes before that is written then.
kj::Promise<std::vector<net::Revision>> NameStore::writeInOrder(std::vector<Step> steps) {
  std::vector<net::Revision> made;
  while (made.size() < steps.size()) {
    std::vector<net::StoreCondition> conditions;
    std::vector<net::StoreWrite> writes;
    std::size_t bytes = 0;
    for (std::size_t next = made.size(); next < steps.size(); ++next) {
      auto& [write, condition] = steps[next];
      bytes += write.value->size();
      if (writes.size() == limits::storeWrites ||
          (!writes.empty() && bytes > limits::storeCommitBytes))
        break;
      writes.push_back(std::move(write));
      if (condition)
        conditions.push_back(std::move(*condition));
    }
    const std::size_t count = writes.size();
    net::Committed committed = co_await store_.commit(std::move(conditions), std::move(writes));
    if (!committed.done)
      co_return std::vector<net::Revision>();
    made.resize(made.size() + count, committed.revision);
  }
  co_return made;
}

/// What keeps the code of a digest: first the parts, unless they are there, then their size.
void NameStore::addCode(const Digest& digest, const std::optional<net::StoreEntry>& size,
                        const std::map<Digest, std::string>& codes, std::vector<Step>& steps) {
  if (size) {
    steps.push_back(
        {{keyOfCode(digest), size->value}, net::StoreCondition{size->key, size->modified}});
    return;
  }
  auto code = codes.find(digest);
  if (code == codes.end())
    throw net::failed("the code of " + digest.toString() +
                      " was removed from the store: try again");
  for (std::size_t from = 0, part = 0; from < code->second.size(); from += limits::storeValueBytes)
    steps.push_back(
        {{keyOfPart(digest, part++), code->second.substr(from, limits::storeValueBytes)}, {}});
  steps.push_back({{keyOfCode(digest), writeCodeSize(code->second.size())},
                   net::StoreCondition{keyOfCode(digest), 0}});
}

kj::Promise<NameStore::Announced> NameStore::announce(std::vector<NamedBinding> bindings,
                                                      std::map<Digest, std::string> codes) {
  for (unsigned i = 0; i < announcements; ++i)
    if (auto announced = co_await tryAnnounce(bindings, codes))
      co_return std::move(*announced);
  throw net::failed(fmt::format("others bound {} or another of these names {} times meanwhile",
                                bindings.front().name, announcements));
}

/// Nothing: a name was bound, or the code of one removed or announced, since we looked.
kj::Promise<std::optional<NameStore::Announced>>
NameStore::tryAnnounce(std::vector<NamedBinding> bindings,
                       const std::map<Digest, std::string>& codes) {
  std::vector<kj::Promise<std::optional<net::StoreEntry>>> current;
  std::map<Digest, kj::Promise<std::optional<net::StoreEntry>>> sizes;
  for (auto& [name, binding] : bindings) {
    current.push_back(entry(keyOfName(name)));
    if (sizes.count(binding.digest) == 0)
      sizes.emplace(binding.digest, entry(keyOfCode(binding.digest)));
  }
  Announced announced{std::move(bindings), {}};
  std::vector<Step> steps;
  std::vector<kj::Promise<std::optional<net::StoreEntry>>> replaced;
  for (std::size_t i = 0; i < current.size(); ++i) {
    auto& [name, binding] = announced.bindings[i];
    auto before = co_await kj::mv(current[i]);
    binding.revision = before ? bindingIn(*before).revision + 1 : 1;
    binding.boundAt = std::time(nullptr);
    const std::string key = keyOfRevision(name, binding.revision);
    steps.push_back({{key, binding.write()},
                     net::StoreCondition{keyOfName(name), before ? before->modified : 0}});
    announced.conditions.push_back({key, 0});
    replaced.push_back(entry(key));
  }
  for (auto& [digest, asked] : sizes)
    addCode(digest, co_await kj::mv(asked), codes, steps);
  std::set<Digest> unbound;
  for (auto& asked : replaced)
    if (auto never = co_await kj::mv(asked))
      unbound.merge(digestsIn(never->value));
  std::vector<net::Revision> made = co_await writeInOrder(std::move(steps));
  if (made.empty())
    co_return std::nullopt;
  for (std::size_t i = 0; i < announced.conditions.size(); ++i)
    announced.conditions[i].modified = made[i];
  for (const Digest& digest : unbound)
    if (sizes.count(digest) == 0)
      co_await dropCode(digest);
  co_return announced;
}

kj::Promise<std::optional<net::Revision>> NameStore::bind(Announced announced) {
  if (announced.bindings.size() > limits::namesPerPush)
    throw net::failed(fmt::format("{} names are to be bound at once; the limit is {}",
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
  for (const char* prefix : {keys::names, keys::history}) {
    net::StoreListing listing = co_await store_.list(prefix);
    for (auto& entry : listing.entries)
      if (digestsIn(entry.value).contains(digest))
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
    dropped.merge(digestsIn(kept.entries[i].value));
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
    all.push_back({keys::after(keys::names, entry.key), bindingIn(entry)});
  co_return all;
}

kj::Promise<std::vector<Binding>> NameStore::history(std::string name) {
  auto current = co_await entry(keyOfName(name));
  if (!current)
    throw net::failed("no code was ever bound to the name " + name + "; `roam names` lists all");
  const std::uint64_t last = bindingIn(*current).revision;
  net::StoreListing listing = co_await store_.list(keysOfHistory(name));
  std::vector<Binding> history;
  for (auto& entry : listing.entries)
    if (Binding binding = bindingIn(entry); binding.revision <= last)
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
      throw net::failed(
          fmt::format("{} has no revision {} to go back to; `roam history {}` lists those "
                      "that are kept",
                      name, wanted, name));
    Binding again = *found;
    again.copyOf = again.copyOf != 0 ? again.copyOf : wanted;
    again.boundBy = by;
    Announced announced = co_await announce({{name, std::move(again)}}, {});
    Binding bound = announced.bindings.front().binding;
    if (co_await bind(std::move(announced))) {
      // What can't be tidied up now is with the next binding; the name is bound.
      co_await collect(name).catch_([](kj::Exception&&) {});
      co_return bound;
    }
  }
}

} // namespace roam
