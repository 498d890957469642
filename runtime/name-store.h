// Names in a cluster's store: what each is bound to, what it was bound to before, and the code. The
// keys and values are those of net/store.capnp.
//
// A name is bound in three steps, so that one transaction can switch many names at once, whatever
// the size of their code, and code that is being bound is never collected:
//
//     history/NAME@REVISION    what will be bound; from now on its code is in use
//     code/DIGEST/...          the bytes, unless they are there
//     names/NAME               all names of a push in one commit, if history is still as we wrote
//     it
//
// Whoever announces the same revision later overwrites what we wrote in history, and nobody does
// when the name is bound: so of several that try, one binds, and history says what it bound. If the
// last step does not happen, the revision is one that never was; the next one takes its number.
#pragma once
#include "jit/slice/digest.h"
#include "net/store.h"
#include "runtime/store-records.h"
#include <cstdint>
#include <kj/async.h>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace roam {

/// Reads and binds names. Call on the loop thread; the store must outlive the object, and it the
/// promises it gives. They fail as those of the store do.
class NameStore {
 public:
  explicit NameStore(net::Store& store) : store_(store) {}
  KJ_DISALLOW_COPY(NameStore);

  /// The code of a digest, verified. Fails with FAILED if the store has none.
  kj::Promise<std::string> code(Digest digest);

  /// What is to be bound, with its next revisions, and what must not change until it is.
  struct Announced {
    std::vector<NamedBinding> bindings;
    std::vector<net::StoreCondition> conditions;
  };
  /// Writes what will be bound, in place of what others announced for the same revisions. `codes`
  /// holds the code of each digest that the store may lack. Fails with FAILED if others are faster
  /// all the time.
  kj::Promise<Announced> announce(std::vector<NamedBinding> bindings,
                                  std::map<Digest, std::string> codes);
  /// Binds what was announced, in one transaction: the revision of the store that did it, or
  /// nothing if one of the names was bound or announced by another meanwhile.
  kj::Promise<std::optional<net::Revision>> bind(Announced announced);
  /// Removes the oldest revisions of a name beyond limits::namesHistory, and the code that no
  /// revision of any name refers to any more.
  kj::Promise<void> collect(std::string name);

  /// All that are bound, ascending by name.
  kj::Promise<std::vector<NamedBinding>> all();
  /// The revisions of a name that are kept, the latest first. Fails with FAILED if it was never
  /// bound.
  kj::Promise<std::vector<Binding>> history(std::string name);
  /// Binds the name anew to what it was bound to by `revision`, or before the last binding. Returns
  /// the new revision. Fails with FAILED if that revision is not kept.
  kj::Promise<Binding> rollBack(std::string name, std::optional<std::uint64_t> revision,
                                std::string by);

 private:
  /// A write, and what must not have changed since we looked.
  struct Step {
    net::StoreWrite write;
    std::optional<net::StoreCondition> condition;
  };
  kj::Promise<std::optional<net::StoreEntry>> entry(std::string key);
  kj::Promise<std::optional<Announced>> tryAnnounce(std::vector<NamedBinding> bindings,
                                                    const std::map<Digest, std::string>& codes);
  void addCode(const Digest& digest, const std::optional<net::StoreEntry>& size,
               const std::map<Digest, std::string>& codes, std::vector<Step>& steps);
  kj::Promise<std::vector<net::Revision>> writeInOrder(std::vector<Step> steps);
  kj::Promise<bool> isInUse(Digest digest);
  kj::Promise<void> dropCode(Digest digest);

  net::Store& store_;
};

} // namespace roam
