// What those who reach the cluster's store through a peer may change there.
#pragma once
#include "net/store-door.h"
#include "net/store-service.h"

namespace roam::peer {

/// Everything may be read. Who may change names changes those and their code; peers, which answer
/// for their own callers, and administrators change all. Bindings are accounted for.
net::StoreRights storeRightsOf(const net::StoreDoor::Visitor& visitor);

} // namespace roam::peer
