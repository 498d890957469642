// What a host tells of the code it runs.
#include "net/digests.h"
#include "net/session.h"
#include <algorithm>
#include <vector>

namespace roam::net {
namespace {

void write(const CodeStatus& from, protocol::CodeStatus::Builder to) {
  to.setDigest(bytesOf(from.digest));
  to.setDescription(from.description.c_str());
  to.setRung(static_cast<protocol::CodeStatus::Rung>(from.rung));
  to.setCpu(from.cpu.c_str());
  to.setLevel(from.level);
  to.setSliceBytes(from.sliceBytes);
  to.setObjectBytes(from.objectBytes);
  to.setCompileNanoseconds(from.compileNanoseconds);
  to.setCalls(from.calls);
  to.setElements(from.elements);
  to.setRunNanoseconds(from.runNanoseconds);
}

/// Those that were named, or all. Of the latter, those that follow `after`.
std::vector<Digest> digestsOf(protocol::Session::CodesParams::Reader params,
                              const ClosureRunner& runner) {
  std::vector<Digest> digests;
  for (auto bytes : params.getDigests())
    digests.push_back(digestFrom(bytes));
  if (params.getDigests().size() == 0)
    digests = runner.codes();
  if (params.hasAfter())
    std::erase_if(digests,
                  [after = digestFrom(params.getAfter())](auto& one) { return one <= after; });
  std::ranges::sort(digests);
  return digests;
}

} // namespace

kj::Promise<void> HostSession::codes(CodesContext context) {
  require(&Rights::call, "ask what was run");
  auto& host = visit_->host();
  checkCount(context.getParams().getDigests().size());
  std::vector<CodeStatus> found;
  bool more = false;
  for (const Digest& digest : digestsOf(context.getParams(), host.runner)) {
    more = found.size() == limits::codesPerAnswer;
    if (more)
      break;
    KJ_IF_MAYBE (code, host.runner.code(digest)) {
      if (code->description.empty())
        code->description = host.store.descriptionOf(digest);
      if (code->sliceBytes == 0)
        code->sliceBytes = host.store.sizeOf(digest);
      found.push_back(std::move(*code));
    }
  }
  auto results = context.getResults();
  auto list = results.initCodes(found.size());
  for (unsigned i = 0; i < found.size(); ++i)
    write(found[i], list[i]);
  results.setMore(more);
  return kj::READY_NOW;
}

} // namespace roam::net
