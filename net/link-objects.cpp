// A peer's questions for the objects of another, and what origins say so that it can ask.
#include "net/digests.h"
#include "net/link.h"
#include <algorithm>

namespace roam::net {
namespace {

ObjectAnswer read(protocol::ObjectAnswer::Reader from) {
  ObjectAnswer answer;
  switch (from.which()) {
  case protocol::ObjectAnswer::NONE:
    break;
  case protocol::ObjectAnswer::OBJECT:
    answer.kind = ObjectAnswer::Kind::object;
    answer.object =
        kj::heapArray<const kj::byte>(from.getObject().begin(), from.getObject().size());
    break;
  case protocol::ObjectAnswer::WANT_SLICE:
    answer.kind = ObjectAnswer::Kind::wantSlice;
    break;
  case protocol::ObjectAnswer::REFUSED:
    answer.kind = ObjectAnswer::Kind::refused;
    answer.refusal = kj::str(from.getRefused());
    break;
  }
  return answer; // an answer of a later protocol counts as none
}

} // namespace

kj::Promise<ObjectAnswer> Link::object(const ObjectQuestion& question) {
  auto target = question.target.toText();
  auto words = (question.slice.size() + target.size()) / sizeof(capnp::word);
  auto request = session_.objectRequest(capnp::MessageSize{words + 32, 0});
  request.setDigest(bytesOf(question.digest));
  request.setTarget(target.c_str());
  request.setMayCompile(question.mayCompile);
  if (question.slice != nullptr)
    write(question.digest, {question.slice, {}, {}}, request.initSlices(1)[0]);
  return request.send().then(
      [](capnp::Response<protocol::ObjectAnswer>&& response) { return read(response); },
      [self = kj::addRef(*this)](kj::Exception&& failure) mutable -> ObjectAnswer {
        kj::throwFatalException(self->lost(kj::mv(failure)));
      });
}

kj::Promise<void> Link::introduce(kj::ArrayPtr<const Neighbour> all) {
  auto request = session_.neighboursRequest();
  request.setYou(address.c_str());
  auto isOther = [&](const Neighbour& one) { return one.address != address; };
  auto list = request.initOthers(
      std::min<std::size_t>(std::ranges::count_if(all, isOther), limits::neighbours));
  unsigned count = 0;
  for (auto& other : all)
    if (isOther(other) && count < list.size()) {
      list[count].setAddress(other.address.c_str());
      list[count++].setTarget(other.target.c_str());
    }
  return request.send().ignoreResult();
}

} // namespace roam::net
