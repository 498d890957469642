// One visit of an origin, from the open connection to its end.
#include "net/host.h"
#include "net/connection.h"
#include "net/exceptions.h"
#include "net/session.h"

namespace roam::net {
namespace {

/// The bootstrap capability: hello and nothing else.
class Door final : public protocol::Peer::Server {
 public:
  explicit Door(kj::Own<Visit> visit) : visit_(kj::mv(visit)) {}

  kj::Promise<void> hello(HelloContext context) override {
    auto& host = visit_->host();
    auto theirs = Hello::read(context.getParams().getHello());
    auto why = host.hello.refusalOf(theirs);
    if (visit_->saidHello) // each session has a budget of chunks of its own
      why = "this connection has said hello before and has its session";
    if (!why.empty()) {
      ++host.counters.refusals;
      host.log.line(kj::str(visit_->from, ": refused: ", why.c_str()));
      return failed(why);
    }
    visit_->saidHello = true;
    visit_->account({AuditEvent::What::connected, {}, {}, theirs.name});
    auto results = context.getResults();
    host.hello.write(results.initHello());
    results.setSession(kj::heap<HostSession>(kj::addRef(*visit_)));
    return kj::READY_NOW;
  }

 private:
  kj::Own<Visit> visit_;
};

} // namespace

struct Host::OpenConnection {
  OpenConnection(Host& host, kj::Own<kj::AsyncIoStream> stream, kj::String from, Caller caller)
      : host(host), visit(kj::refcounted<Visit>(host.world_, kj::mv(from), std::move(caller))),
        connection(kj::mv(stream), kj::heap<Door>(kj::addRef(*visit)), host.memory_) {
    visit->messages = &connection.messages();
    ++host.world_.counters.connections;
    place = host.open_.insert(host.open_.end(), this);
  }
  ~OpenConnection() noexcept(false) {
    visit->close();
    --host.world_.counters.connections;
    host.open_.erase(place);
    if (host.open_.empty() && host.lastClosed_.get() != nullptr)
      host.lastClosed_->fulfill();
  }

  /// Resolves when the time for saying hello is over and none was said, or when the origin was
  /// silent for too long.
  kj::Promise<void> silence() {
    return host.timer_.afterDelay(limits::hello).then([this]() -> kj::Promise<void> {
      if (visit->saidHello)
        return silenceAfterHello(host.timer_.now(), connection.messages().progress());
      host.world_.log.line(kj::str(visit->from, ": said no hello within ",
                                   limits::hello / kj::SECONDS, " s: connection closed"));
      return kj::READY_NOW;
    });
  }

  /// An origin pings, so bytes arrive; a large message that moves out is as good. Time in which
  /// this process itself stood still does not count.
  kj::Promise<void> silenceAfterHello(kj::TimePoint lastSign, std::uint64_t progress) {
    const kj::TimePoint looked = host.timer_.now();
    return host.timer_.afterDelay(limits::originLook)
        .then([this, lastSign, progress, looked]() -> kj::Promise<void> {
          const kj::TimePoint now = host.timer_.now();
          const std::uint64_t moved = connection.messages().progress();
          const bool stoodStill = now - looked > limits::originLook + limits::stoodStill;
          if (stoodStill || moved != progress)
            return silenceAfterHello(now, moved);
          if (now - lastSign < limits::originSilence)
            return silenceAfterHello(lastSign, progress);
          host.world_.log.line(kj::str(visit->from, ": no sign of life for ",
                                       limits::originSilence / kj::SECONDS,
                                       " s: connection closed"));
          return kj::READY_NOW;
        });
  }

  /// Says that nothing more comes. The other side closes the connection then.
  void hangUp() {
    hangsUp = connection.messages().end().eagerlyEvaluate([](kj::Exception&&) {});
  }

  /// Cap'n Proto tells the other side why, if it still listens; that must not take long.
  kj::Promise<void> leave() {
    KJ_IF_MAYBE (why, connection.messages().whyEnded()) {
      bool ordinary =
          (visit->saidHello && connection.messages().closedCleanly()) || hangsUp != nullptr;
      if (!ordinary)
        host.world_.log.line(kj::str(visit->from, ": connection ended: ", wordsOf(*why)));
    }
    return connection.finished().exclusiveJoin(host.timer_.afterDelay(limits::farewell));
  }

  Host& host;
  kj::Own<Visit> visit;
  Connection connection;
  kj::Maybe<kj::Promise<void>> hangsUp;
  std::list<OpenConnection*>::iterator place; ///< in Host::open_
};

Host::Host(Hello hello, SliceStore& store, ClosureRunner& runner, kj::Timer& timer, Log& log,
           std::size_t bytesInFlight, Introductions* introductions)
    : world_{std::move(hello), store, runner, log, {}, bytesInFlight, introductions, {}, {}},
      timer_(timer), askedToLeave_(nullptr) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  world_.askedToLeave = kj::mv(pair.fulfiller);
  askedToLeave_ = pair.promise.fork();
}

void Host::World::leave() {
  admission.leave(kj::str("it leaves"));
  KJ_IF_MAYBE (why, admission.refusal())
    runner.handBack(*why);
}

kj::Promise<void> Host::idle() {
  return world_.admission.idle().then([this] { return allIsSent(); });
}

/// What is ready to be sent has reached its stream when nothing else is left to do in this turn.
kj::Promise<void> Host::allIsSent() {
  return kj::evalLast([this]() -> kj::Promise<void> {
    for (OpenConnection* open : open_)
      if (auto& messages = open->connection.messages(); messages.isWriting())
        return messages.whenNothingIsWritten()
            .catch_([](kj::Exception&&) {}) // the connection has ended
            .then([this] { return allIsSent(); });
    return kj::READY_NOW;
  });
}

kj::Promise<void> Host::farewell() {
  for (OpenConnection* open : open_)
    open->hangUp();
  return allAreClosed().exclusiveJoin(timer_.afterDelay(limits::farewell));
}

kj::Promise<void> Host::allAreClosed() {
  if (open_.empty())
    return kj::READY_NOW;
  auto pair = kj::newPromiseAndFulfiller<void>();
  lastClosed_ = kj::mv(pair.fulfiller);
  return kj::mv(pair.promise);
}

kj::Promise<void> Host::serve(kj::Own<kj::AsyncIoStream> stream, kj::String from, Caller caller) {
  return kj::evalNow([&]() -> kj::Promise<void> {
           auto open =
               kj::heap<OpenConnection>(*this, kj::mv(stream), kj::str(from), std::move(caller));
           auto over =
               open->connection.messages().ended().then([at = open.get()] { return at->leave(); });
           return over.exclusiveJoin(open->silence()).attach(kj::mv(open));
         })
      .catch_([this, from = kj::str(from)](kj::Exception&& e) {
        world_.log.line(kj::str(from, ": connection ended: ", wordsOf(e)));
      });
}

} // namespace roam::net
