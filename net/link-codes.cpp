// What a peer tells of the code it runs.
#include "net/digests.h"
#include "net/exceptions.h"
#include "net/link.h"
#include "net/log.h"

namespace roam::net {
namespace {

CodeStatus read(protocol::CodeStatus::Reader from) {
  CodeStatus code;
  code.digest = digestFrom(from.getDigest());
  code.description = from.getDescription().cStr();
  // A place of a later protocol is told as none.
  if (from.getRung() <= protocol::CodeStatus::Rung::COMPILED)
    code.rung = static_cast<Rung>(from.getRung());
  code.cpu = oneLine(from.getCpu().cStr());
  code.level = from.getLevel();
  code.sliceBytes = from.getSliceBytes();
  code.objectBytes = from.getObjectBytes();
  code.compileNanoseconds = from.getCompileNanoseconds();
  code.calls = from.getCalls();
  code.elements = from.getElements();
  code.runNanoseconds = from.getRunNanoseconds();
  return code;
}

FetchedSlice read(protocol::Slice::Reader from, const std::string& peer) {
  auto code = from.getCode();
  auto description = from.getDescription();
  FetchedSlice slice{digestFrom(from.getDigest()),
                     {reinterpret_cast<const char*>(code.begin()), code.size()},
                     {description.begin(), description.size()}};
  if (Digest::of(slice.code) != slice.digest)
    kj::throwFatalException(
        failed(kj::str("the peer at ", peer, " gave a slice that is not what its digest ",
                       slice.digest.shortened(), " says")));
  return slice;
}

void fill(capnp::List<capnp::Data>::Builder to, const std::vector<Digest>& from) {
  for (unsigned i = 0; i < from.size(); ++i)
    to.set(i, bytesOf(from[i]));
}

} // namespace

/// A peer gives as many as fit in one answer.
kj::Promise<std::vector<FetchedSlice>> Link::slices(std::vector<Digest> digests,
                                                    std::vector<FetchedSlice> fetched) {
  using Response = capnp::Response<protocol::Session::GetResults>;
  auto request = session_.getRequest();
  fill(request.initDigests(digests.size()), digests);
  kj::Promise<Response> answer = request.send();
  return inTime(kj::mv(answer), "its slices")
      .then(
          [self = kj::addRef(*this), digests = std::move(digests), fetched = std::move(fetched)](
              Response&& response) mutable -> kj::Promise<std::vector<FetchedSlice>> {
            std::size_t before = digests.size();
            for (auto slice : response.getSlices()) {
              FetchedSlice one = read(slice, self->address);
              if (std::erase(digests, one.digest) != 0) // else it was not asked for
                fetched.push_back(std::move(one));
            }
            if (digests.empty() || digests.size() == before)
              return std::move(fetched);
            return self->slices(std::move(digests), std::move(fetched));
          },
          [self = kj::addRef(*this)](kj::Exception&& failure) mutable
          -> kj::Promise<std::vector<FetchedSlice>> { return self->lost(kj::mv(failure)); });
}

kj::Promise<std::vector<CodeStatus>> Link::codes(std::vector<Digest> digests,
                                                 std::vector<CodeStatus> known) {
  using Response = capnp::Response<protocol::Session::CodesResults>;
  auto request = session_.codesRequest();
  fill(request.initDigests(digests.size()), digests);
  if (!known.empty())
    request.setAfter(bytesOf(known.back().digest));
  kj::Promise<Response> answer = request.send();
  return inTime(kj::mv(answer), "what code it has")
      .then(
          [self = kj::addRef(*this), digests = std::move(digests), known = std::move(known)](
              Response&& response) mutable -> kj::Promise<std::vector<CodeStatus>> {
            for (auto code : response.getCodes())
              known.push_back(read(code));
            bool more = response.getMore() && response.getCodes().size() > 0 &&
                        known.size() < limits::codesKnown; // it might go on forever
            if (!more)
              return std::move(known);
            return self->codes(std::move(digests), std::move(known));
          },
          [self = kj::addRef(*this)](kj::Exception&& failure) mutable
          -> kj::Promise<std::vector<CodeStatus>> { return self->lost(kj::mv(failure)); });
}

} // namespace roam::net
