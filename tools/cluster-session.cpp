// Joining as a program does, on the command's own thread.
#include "tools/cluster-session.h"
#include "net/hello.h"
#include <fmt/format.h>
#include <stdexcept>

namespace roam::tools {
namespace {

net::Hello helloOf(const net::JoinOptions& join, const std::string& name) {
  if (join.where.empty())
    throw std::runtime_error("there is no cluster to ask; give --join or set ROAM_JOIN");
  net::Hello mine;
  mine.name = name;
  mine.version = ROAM_VERSION;
  mine.cluster = join.cluster;
  return mine;
}

} // namespace

ClusterSession::ClusterSession(const net::JoinOptions& join, const char* name)
    : name_(fmt::format("{} of {}", name, net::nameOfThisProcess())),
      members_(io_, origin_, helloOf(join, name_), {join, {}},
               [](PeerChange, const Member&, const std::string&) {}),
      names_(members_.store()) {
  members_.joined().wait(io_.waitScope);
}

} // namespace roam::tools
