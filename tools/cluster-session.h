// A command's own way into a cluster: its members, its store and its names.
#pragma once
#include "net/discovery.h"
#include "runtime/members.h"
#include "runtime/name-store.h"
#include "runtime/origin.h"
#include <string>

namespace roam::tools {

/// Lives on the stack of the command. Throws kj::Exception with words for people.
class ClusterSession {
 public:
  /// Joins: `name` is what peers are told of us. Throws std::runtime_error if there is no place to
  /// look at.
  ClusterSession(const net::JoinOptions& join, const char* name);
  KJ_DISALLOW_COPY(ClusterSession);

  Members& members() { return members_; }
  NameStore& names() { return names_; }
  kj::Timer& timer() { return io_.provider->getTimer(); }
  /// "roam push of host:pid", for the store.
  const std::string& name() const { return name_; }

  template <class T>
  T wait(kj::Promise<T> promise) {
    return promise.wait(io_.waitScope);
  }

 private:
  kj::AsyncIoContext io_ = kj::setupAsyncIo();
  const std::string name_;
  Origin origin_{io_.provider->getTimer()};
  Members members_;
  NameStore names_;
};

} // namespace roam::tools
