// Who is at the other end of a connection, and what they may do here.
#pragma once
#include <string>

namespace roam::net {

/// What a connection may do. Given with the session when it opens, and the same until it ends.
struct Rights {
  bool call = false;       ///< run code that is here, and read: status, names, slices
  bool bring = false;      ///< new code
  bool bind = false;       ///< change what names are bound to
  bool administer = false; ///< have peers leave, free what is quarantined, revoke certificates
  /// It is a peer of the cluster: believed about other peers, and with the store, where it answers
  /// for those that reach the store through it.
  bool peer = false;

  static constexpr Rights all() { return {true, true, true, true, true}; }
  bool operator==(const Rights&) const = default;
};

/// What a certificate says that its holder is.
enum class Role {
  call,   ///< calls code that is here
  submit, ///< brings code and calls it
  peer,   ///< is a peer of the cluster
  admin,  ///< all of it
};

constexpr Rights rightsOf(Role role) {
  switch (role) {
  case Role::call:
    return {.call = true};
  case Role::submit:
    return {.call = true, .bring = true};
  case Role::peer:
    return {.call = true, .bring = true, .bind = true, .peer = true};
  case Role::admin:
    return Rights::all();
  }
  return {};
}

/// Found out by the handshake, before anything else of the connection is read.
struct Caller {
  std::string name; ///< for people and the audit log: of the certificate, or of this machine's user
  Rights rights;
};

} // namespace roam::net
