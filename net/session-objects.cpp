// What a host answers other peers that ask for its objects, and how it hears of them.
#include "net/digests.h"
#include "net/exceptions.h"
#include "net/session.h"

namespace roam::net {
namespace {

void write(const ObjectAnswer& from, protocol::ObjectAnswer::Builder to) {
  switch (from.kind) {
  case ObjectAnswer::Kind::none:
    return to.setNone();
  case ObjectAnswer::Kind::object:
    return to.setObject(from.object);
  case ObjectAnswer::Kind::wantSlice:
    return to.setWantSlice();
  case ObjectAnswer::Kind::refused:
    return to.setRefused(from.refusal);
  }
}

} // namespace

kj::Promise<void> HostSession::object(ObjectContext context) {
  auto& host = visit_->host();
  auto params = context.getParams();
  auto refuse = [&](kj::StringPtr why) {
    context.getResults().setRefused(why);
    return kj::READY_NOW;
  };
  require(&Rights::peer, "ask for compiled code, which peers do");
  Digest digest = digestFrom(params.getDigest());
  auto target = readTarget(params.getTarget());
  if (!target)
    return refuse("the target of the object can't be read");
  if (*target != host.hello.target)
    return kj::READY_NOW; // none
  if (objectsAsked_ >= limits::objectsAsked)
    return refuse(kj::str("this connection waits for ", objectsAsked_, " objects already"));
  if (params.hasSlices())
    KJ_IF_MAYBE (damage, keep(params.getSlices()))
      return refuse(*damage);

  context.allowCancellation();
  ++objectsAsked_;
  auto slice = host.store.find(digest);
  ObjectQuestion question{digest, std::move(*target), nullptr, params.getMayCompile()};
  if (slice != nullptr)
    question.slice = *slice;
  context.releaseParams();
  return visit_->running.wrap(host.runner.object(std::move(question)).attach(std::move(slice)))
      .then([this, context](ObjectAnswer&& answer) mutable {
        visit_->host();
        auto words = (answer.object.size() + answer.refusal.size()) / sizeof(capnp::word);
        write(answer, context.getResults(capnp::MessageSize{words + 16, 0}));
      })
      .attach(kj::defer([this] { --objectsAsked_; }));
}

kj::Promise<void> HostSession::neighbours(NeighboursContext context) {
  auto& host = visit_->host();
  auto params = context.getParams();
  if (params.getOthers().size() > limits::neighbours)
    return failed(kj::str(params.getOthers().size(), " peers were introduced; the limit is ",
                          limits::neighbours));
  if (!visit_->caller.rights.peer)
    return kj::READY_NOW; // not believed; its peers know each other from the store
  std::vector<Neighbour> others;
  for (auto other : params.getOthers())
    if (other.getAddress().size() <= limits::addressBytes &&
        other.getTarget().size() <= limits::targetBytes)
      others.push_back({other.getAddress().cStr(), other.getTarget().cStr()});
  if (host.introductions != nullptr && params.getYou().size() <= limits::addressBytes)
    visit_->introduction = host.introductions->introduced(params.getYou(), std::move(others));
  return kj::READY_NOW;
}

} // namespace roam::net
