// The prefixes of keys that each right covers.
#include "runtime/peer/store-rights.h"
#include "net/exceptions.h"
#include "runtime/store-records.h"
#include <stdexcept>

namespace roam::peer {
namespace {

using Writes = std::vector<net::StoreWrite>;

bool isOfNames(const std::string& key) {
  return key.starts_with(keys::names) || key.starts_with(keys::history) ||
         key.starts_with(keys::code);
}

void check(const net::Rights& rights, const Writes& writes) {
  if (rights.peer || rights.administer)
    return;
  if (!rights.bind)
    kj::throwFatalException(net::failed(
        "this connection has no right to change names; ask who administers the cluster"));
  for (const net::StoreWrite& write : writes)
    if (!isOfNames(write.key))
      kj::throwFatalException(net::failed(
          kj::str("this connection may change names, and nothing else of the store: not ",
                  write.key.c_str())));
}

std::vector<net::AuditEvent> bindingsIn(const Writes& writes) {
  std::vector<net::AuditEvent> events;
  for (const net::StoreWrite& write : writes)
    if (write.key.starts_with(keys::names) && write.value) {
      net::AuditEvent event{net::AuditEvent::What::bound, {}, keys::after(keys::names, write.key)};
      try {
        Binding binding = Binding::read(*write.value);
        event.digest = binding.digest.toString();
        event.detail = binding.description;
      } catch (const std::runtime_error& damage) {
        event.detail = damage.what();
      }
      events.push_back(std::move(event));
    }
  return events;
}

} // namespace

net::StoreRights storeRightsOf(const net::StoreDoor::Visitor& visitor) {
  net::StoreRights rights;
  rights.leases = visitor.rights.peer || visitor.rights.administer;
  rights.admit = [may = visitor.rights,
                  account = visitor.account](const Writes& writes) -> std::function<void()> {
    check(may, writes);
    if (!account)
      return nullptr;
    return [account, bindings = bindingsIn(writes)] {
      for (const net::AuditEvent& event : bindings)
        account(event);
    };
  };
  return rights;
}

} // namespace roam::peer
