// All sources of one program together.
#include "net/discovery.h"
#include "net/discovery/command-source.h"
#include "net/discovery/folder-source.h"
#include "net/discovery/multicast-source.h"
#include "net/discovery/name-source.h"
#include "net/join-place.h"
#include <kj/vector.h>

namespace roam::net {
namespace {

/// An address that was given outright.
class ListSource final : public AddressSource {
 public:
  ListSource(const Surroundings& around, const std::string& address)
      : told_(kj::evalLater([&around, address] { around.found(address); }).fork()),
        telling_(told_.addBranch().eagerlyEvaluate(nullptr)) {}
  kj::Promise<void> firstRound() override { return told_.addBranch(); }

 private:
  kj::ForkedPromise<void> told_;
  kj::Promise<void> telling_;
};

class Announcements final : public Announcement {
 public:
  explicit Announcements(kj::Vector<kj::Own<Announcement>> all) : all_(kj::mv(all)) {}

 private:
  kj::Vector<kj::Own<Announcement>> all_;
};

class Sources final : public Discovery {
 public:
  Sources(kj::AsyncIoContext& io, Log& log, const JoinOptions& options, AddressFound found)
      : found_(std::move(found)), around_{io, log, found_, clusterOf(options)} {
    for (auto& place : joinPlaces(options))
      sources_.add(sourceOf(place, options.registers));
  }

  kj::Promise<void> firstRound() override {
    return kj::joinPromises(KJ_MAP(source, sources_) { return source->firstRound(); });
  }

  kj::Own<Announcement> announce(std::string address) override {
    kj::Vector<kj::Own<Announcement>> all;
    for (auto& source : sources_)
      if (auto one = source->announce(address); one.get() != nullptr)
        all.add(kj::mv(one));
    return kj::heap<Announcements>(kj::mv(all));
  }

 private:
  kj::Own<AddressSource> sourceOf(const JoinPlace& place, bool registers) {
    switch (place.kind) {
    case JoinPlace::Kind::folder:
      return kj::heap<FolderSource>(around_, place.text, registers);
    case JoinPlace::Kind::address:
      return kj::heap<ListSource>(around_, place.text);
    case JoinPlace::Kind::multicast:
      return kj::heap<MulticastSource>(around_, place, registers);
    case JoinPlace::Kind::name:
      return kj::heap<NameSource>(around_, place);
    case JoinPlace::Kind::command:
      return kj::heap<CommandSource>(around_, place.text);
    }
    KJ_UNREACHABLE;
  }

  const AddressFound found_;
  const Surroundings around_;
  kj::Vector<kj::Own<AddressSource>> sources_;
};

} // namespace

kj::Own<Discovery> discover(kj::AsyncIoContext& io, Log& log, const JoinOptions& options,
                            AddressFound found) {
  return kj::heap<Sources>(io, log, options, std::move(found));
}

} // namespace roam::net
