// One origin's session at a host: Session of peer.capnp.
#pragma once
#include "net/host.h"
#include "net/message-stream.h"
#include <kj/refcount.h>
#include <unordered_set>

namespace roam::net {

/// A connection as the objects that serve it see it. They may outlive the connection, and even the
/// host: Cap'n Proto still dispatches a call that had arrived. So each asks for `host` first, which
/// fails once the visit is over.
class Visit final : public kj::Refcounted {
 public:
  Visit(Host::World& host, kj::String from, Caller caller)
      : from(kj::mv(from)), caller(std::move(caller)), host_(&host) {}

  /// Throws DISCONNECTED after `close`.
  Host::World& host();
  /// The connection is about to go: drops all chunks that wait or run for it.
  void close();

  /// Tells the audit, if there is one.
  void account(const AuditEvent& event);

  kj::String from;
  const Caller caller;
  bool saidHello = false;
  MessageStream* messages = nullptr; ///< valid as long as `host` is
  kj::Canceler running;
  kj::Maybe<StoreAccess> store;             ///< once it was asked for
  std::shared_ptr<const void> introduction; ///< what the origin said of other peers

 private:
  Host::World* host_;
};

/// Serves the calls of one connection. Lives as long as the origin holds it or a call of it runs.
class HostSession final : public protocol::Session::Server {
 public:
  explicit HostSession(kj::Own<Visit> visit) : visit_(kj::mv(visit)) {}

 protected:
  kj::Promise<void> run(RunContext context) override;
  kj::Promise<void> have(HaveContext context) override;
  kj::Promise<void> put(PutContext context) override;
  kj::Promise<void> get(GetContext context) override;
  kj::Promise<void> status(StatusContext context) override;
  kj::Promise<void> ping(PingContext context) override;
  kj::Promise<void> drain(DrainContext context) override;
  kj::Promise<void> store(StoreContext context) override;
  kj::Promise<void> object(ObjectContext context) override;         // in session-objects.cpp
  kj::Promise<void> neighbours(NeighboursContext context) override; // there too
  kj::Promise<void> codes(CodesContext context) override;           // in session-codes.cpp

 private:
  static void checkCount(std::size_t slices);
  void require(bool Rights::*right, const char* toDoWhat);
  kj::String whyForbidden(const char* toDoWhat);
  void accountCall(const Digest& entry);
  kj::Maybe<kj::String> keep(capnp::List<protocol::Slice>::Reader slices);
  void addPlace(const Digest& entry, Failure& failure);
  void answer(RunContext& context, ChunkOutcome outcome);
  void refuse(RunContext& context, Failure::Kind kind, kj::String message);
  void turnAway(RunContext& context, kj::StringPtr why);

  kj::Own<Visit> visit_;
  std::size_t inFlight_ = 0, bytesInFlight_ = 0; ///< chunks that wait or run, and what they hold
  std::size_t objectsAsked_ = 0;                 ///< questions that wait for an answer
  std::unordered_set<Digest> called_;            ///< that the audit has heard of
};

} // namespace roam::net
