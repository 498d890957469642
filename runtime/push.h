// Binding names to new code, everywhere at once.
//
//     ship      each member gets the code, makes it machine code, and links it; meanwhile the store
//               gets it, too
//     switch    one commit binds all names
//
// Before the commit nothing of it is seen, and after it every peer has the code ready: so every
// call is of the old set or of the new one, and none waits for code.
#pragma once
#include "runtime/members.h"
#include "runtime/name-store.h"
#include <kj/time.h>
#include <string_view>

namespace roam {

/// Names are 1 to 200 letters, digits and ". _ -", with "/" between parts. Throws
/// ConfigurationError that says so.
void checkName(std::string_view name);

/// A function that is to be bound to a name.
struct PushedFunction {
  std::string name;      ///< see checkName
  std::string signature; ///< see roam/signature.h
  Digest digest;
  std::string code;        ///< slice or slice group
  bool home = false;       ///< it uses peer-local variables
  std::string description; ///< as of Slice in net/peer.capnp
  std::string captures;    ///< encoded; functions have none, and their encoding is empty
  /// Made from the code already, for members that they run on. Outlive the push.
  kj::ArrayPtr<const net::ShippedObject> objects;
};

struct PushReport {
  std::vector<NamedBinding> bindings; ///< in the order of the functions
  unsigned peers = 0;                 ///< that hold the code
  net::Revision revision = 0;         ///< of the store, that switched
  kj::Duration shipping = 0 * kj::SECONDS, switching = 0 * kj::SECONDS;
};

/// Binds each name to its function, as a new revision: all or none. `by` names this process, for
/// people. Everything must outlive the promise. It fails, and nothing is bound, with FAILED if a
/// member can't run the code or be reached, which the words name, or if there are more than
/// limits::namesPerPush; as the store's calls do otherwise. If it fails with DISCONNECTED the names
/// may have been switched: look.
kj::Promise<PushReport> push(Members& members, NameStore& names, kj::Timer& timer,
                             std::vector<PushedFunction> functions, std::string by);

} // namespace roam
