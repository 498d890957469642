// Each call as a transaction, range, lease or watch of etcd.
#include "runtime/store/etcd-endpoint.h"
#include "net/coroutine.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include "net/store-messages.h"
#include "runtime/store/prefix.h"
#include "runtime/store/store-identity.h"

namespace roam::store {
namespace {

using net::bytesOf;
using net::stringOf;

/// Entries that one request of a listing asks for.
constexpr int listingPart = 128;

net::Revision revisionOf(etcd::Header::Reader header) {
  return net::Revision(header.getRevision());
}

/// All keys under a prefix.
template <class Range>
void setRange(Range range, const std::string& first, const std::string& prefix) {
  range.setKey(bytesOf(first));
  range.setRangeEnd(bytesOf(endOf(prefix).value())); // ours begins with "roam/"
}

/// The entry's key as the store knows it; `ours` is before it in etcd.
std::string keyOf(etcd::KeyValue::Reader entry, const std::string& ours) {
  return stringOf(entry.getKey()).substr(ours.size());
}

} // namespace

EtcdEndpoint::EtcdEndpoint(kj::Own<kj::NetworkAddress> address, std::string name, kj::Timer& timer,
                           const std::string& cluster)
    : identityKey_("roam/" + cluster + "/identity"), prefix_("roam/" + cluster + "/entries/"),
      name_(std::move(name)), gateway_(kj::refcounted<EtcdGateway>(kj::mv(address), name_, timer)) {
}

/// Whoever comes first chooses it.
kj::Promise<std::string> EtcdEndpoint::identity() {
  capnp::MallocMessageBuilder message;
  auto txn = message.initRoot<etcd::TxnRequest>();
  auto absent = txn.initCompare(1)[0];
  absent.setTarget("MOD");
  absent.setResult("EQUAL");
  absent.setKey(bytesOf(identityKey_));
  const std::string fresh = newIdentity();
  auto put = txn.initSuccess(1)[0].initPut();
  put.setKey(bytesOf(identityKey_));
  put.setValue(bytesOf(fresh));
  txn.initFailure(1)[0].initRange().setKey(bytesOf(identityKey_));
  auto answer = co_await gateway_->call<etcd::TxnAnswer>("/v3/kv/txn", txn);
  auto read = answer->getRoot<etcd::TxnAnswer>().asReader();
  if (read.getSucceeded())
    co_return fresh;
  for (auto response : read.getResponses())
    for (auto found : response.getRange().getKvs())
      co_return stringOf(found.getValue());
  kj::throwFatalException(
      net::failed(kj::str("the etcd at ", name_.c_str(), " gave no answer to who it is")));
}

kj::Promise<kj::Maybe<net::StoreEntry>> EtcdEndpoint::get(std::string key) {
  capnp::MallocMessageBuilder message;
  auto range = message.initRoot<etcd::RangeRequest>();
  range.setKey(bytesOf(prefix_ + key));
  auto answer = co_await gateway_->call<etcd::RangeAnswer>("/v3/kv/range", range);
  for (auto found : answer->getRoot<etcd::RangeAnswer>().asReader().getKvs())
    co_return net::StoreEntry{key, stringOf(found.getValue()),
                              net::Revision(found.getModRevision()), net::Lease(found.getLease())};
  co_return kj::Maybe<net::StoreEntry>();
}

kj::Promise<net::StoreListing> EtcdEndpoint::list(std::string prefix) {
  net::StoreListing listing;
  std::string first = prefix_ + prefix;
  for (bool more = true; more;) {
    capnp::MallocMessageBuilder message;
    auto range = message.initRoot<etcd::RangeRequest>();
    setRange(range, first, prefix_ + prefix);
    range.setLimit(listingPart);
    range.setRevision(std::int64_t(listing.revision)); // 0, the newest, at first
    auto answer = co_await gateway_->call<etcd::RangeAnswer>("/v3/kv/range", range);
    auto part = answer->getRoot<etcd::RangeAnswer>().asReader();
    if (listing.revision == 0)
      listing.revision = revisionOf(part.getHeader());
    for (auto found : part.getKvs())
      listing.entries.push_back({keyOf(found, prefix_), stringOf(found.getValue()),
                                 net::Revision(found.getModRevision()),
                                 net::Lease(found.getLease())});
    more = part.getMore() && part.getKvs().size() > 0;
    if (more)
      first = prefix_ + listing.entries.back().key + '\0';
  }
  co_return listing;
}

kj::Promise<net::Committed> EtcdEndpoint::commit(std::vector<net::StoreCondition> conditions,
                                                 std::vector<net::StoreWrite> writes) {
  net::checkCommit(conditions, writes);
  capnp::MallocMessageBuilder message;
  auto txn = message.initRoot<etcd::TxnRequest>();
  auto compare = txn.initCompare(unsigned(conditions.size()));
  for (unsigned i = 0; i < conditions.size(); ++i) {
    compare[i].setTarget("MOD");
    compare[i].setResult("EQUAL");
    compare[i].setKey(bytesOf(prefix_ + conditions[i].key));
    compare[i].setModRevision(std::int64_t(conditions[i].modified));
  }
  auto success = txn.initSuccess(unsigned(writes.size()));
  for (unsigned i = 0; i < writes.size(); ++i) {
    const std::string key = prefix_ + writes[i].key;
    if (!writes[i].value) {
      success[i].initDelete().setKey(bytesOf(key));
      continue;
    }
    auto put = success[i].initPut();
    put.setKey(bytesOf(key));
    put.setValue(bytesOf(*writes[i].value));
    put.setLease(std::int64_t(writes[i].lease));
  }
  auto answer = co_await gateway_->call<etcd::TxnAnswer>("/v3/kv/txn", txn);
  auto read = answer->getRoot<etcd::TxnAnswer>().asReader();
  co_return net::Committed{read.getSucceeded(), revisionOf(read.getHeader())};
}

kj::Promise<net::Lease> EtcdEndpoint::grant(kj::Duration time) {
  net::checkLeaseTime(time);
  capnp::MallocMessageBuilder message;
  auto grant = message.initRoot<etcd::GrantRequest>();
  grant.setTtl((time + kj::SECONDS - kj::NANOSECONDS) / kj::SECONDS);
  auto answer = co_await gateway_->call<etcd::LeaseAnswer>("/v3/lease/grant", grant);
  co_return net::Lease(answer->getRoot<etcd::LeaseAnswer>().getId());
}

kj::Promise<void> EtcdEndpoint::keepAlive(net::Lease lease) {
  capnp::MallocMessageBuilder message;
  auto keep = message.initRoot<etcd::LeaseRequest>();
  keep.setId(std::int64_t(lease));
  // The answer is a stream, though of one line.
  auto lines = co_await gateway_->open("/v3/lease/keepalive", keep);
  const kj::String line = co_await lines->next();
  auto answer = gateway_->read<etcd::KeepAliveAnswer>(line);
  if (answer->getRoot<etcd::KeepAliveAnswer>().getResult().getTtl() <= 0)
    kj::throwFatalException(net::leaseEndedException());
}

kj::Promise<void> EtcdEndpoint::revoke(net::Lease lease) {
  capnp::MallocMessageBuilder message;
  auto revoke = message.initRoot<etcd::LeaseRequest>();
  revoke.setId(std::int64_t(lease));
  try {
    co_await gateway_->call<etcd::RevokeAnswer>("/v3/lease/revoke", revoke);
  } catch (const kj::Exception& failure) {
    if (failure.getDescription() != net::leaseEndedException().getDescription())
      throw;
  }
}

// --- watches ------------------------------------------------------------------------------------

class EtcdEndpoint::Watch final : public net::StoreWatch {
 public:
  Watch(EtcdEndpoint& endpoint, std::string prefix, net::Revision after)
      : gateway_(kj::addRef(*endpoint.gateway_)), name_(endpoint.name_), ours_(endpoint.prefix_),
        prefix_(std::move(prefix)), after_(after) {}

  kj::Promise<net::StoreChanges> next() override {
    if (lines_.get() == nullptr)
      co_await open();
    for (;;) {
      const kj::String line = co_await lines_->next();
      take(line);
      if (net::StoreChanges changes = whole(); !changes.events.empty())
        co_return changes;
    }
  }

 private:
  kj::Promise<void> open() {
    capnp::MallocMessageBuilder message;
    auto request = message.initRoot<etcd::WatchRequest>();
    auto create = request.initCreate();
    setRange(create, ours_ + prefix_, ours_ + prefix_);
    create.setStartRevision(std::int64_t(after_ + 1));
    create.setFragment(true);
    lines_ = co_await gateway_->open("/v3/watch", request);
  }

  /// Adds the events of one line.
  void take(kj::StringPtr text) {
    auto message = gateway_->read<etcd::WatchLine>(text);
    auto line = message->getRoot<etcd::WatchLine>().asReader();
    if (line.hasError())
      kj::throwFatalException(EtcdGateway::exceptionOf(line.getError(), name_.c_str()));
    auto answer = line.getResult();
    if (answer.getCompactRevision() != 0)
      kj::throwFatalException(net::compactedException(after_));
    if (answer.getCanceled())
      kj::throwFatalException(net::disconnected("etcd ended the watch"));
    for (auto event : answer.getEvents()) {
      net::StoreEvent told{net::Revision(event.getKv().getModRevision()),
                           keyOf(event.getKv(), ours_), std::nullopt};
      if (event.getType() != "DELETE")
        told.value = stringOf(event.getKv().getValue());
      taken_.push_back(std::move(told));
    }
    isPart_ = answer.getFragment();
  }

  /// Those of whole revisions: of the last one more may come.
  net::StoreChanges whole() {
    net::StoreChanges changes;
    auto end = taken_.end();
    if (isPart_)
      while (end != taken_.begin() && std::prev(end)->revision == taken_.back().revision)
        --end;
    changes.events.assign(std::make_move_iterator(taken_.begin()), std::make_move_iterator(end));
    taken_.erase(taken_.begin(), end);
    if (!changes.events.empty())
      changes.revision = after_ = changes.events.back().revision;
    return changes;
  }

  kj::Own<EtcdGateway> gateway_;
  const std::string name_, ours_, prefix_;
  net::Revision after_;
  kj::Own<EtcdGateway::Lines> lines_;
  std::vector<net::StoreEvent> taken_; ///< and not told yet
  bool isPart_ = false;
};

kj::Own<net::StoreWatch> EtcdEndpoint::watch(std::string prefix, net::Revision after) {
  return kj::heap<Watch>(*this, std::move(prefix), after);
}

} // namespace roam::store
