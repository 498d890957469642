// The out-of-line parts of Roam's exceptions: their destructors stand here, so that each type
// exists once, in the library.
#include "roam/error.h"
#include <utility>

namespace roam {

namespace {

std::string sentence(const std::string& typeName, const std::string& message, std::uint64_t element,
                     const std::string& peer, const std::string& digest) {
  std::string text =
      "shipped code threw " + (typeName.empty() ? "an exception of an unknown type" : typeName);
  if (!message.empty())
    text += ": " + message;
  return text + " (element " + std::to_string(element) + ", on peer " + peer + ", closure " +
         digest.substr(0, 16) + ")";
}

} // namespace

Error::~Error() = default;

RemoteError::RemoteError(std::string typeName, std::string message, std::uint64_t element,
                         std::string peer, std::string digest)
    : Error(sentence(typeName, message, element, peer, digest)), typeName_(std::move(typeName)),
      message_(std::move(message)), peer_(std::move(peer)), digest_(std::move(digest)),
      element_(element) {}
RemoteError::~RemoteError() = default;

PeerLost::PeerLost(const std::string& what, bool mayHaveRun)
    : Error(what), mayHaveRun_(mayHaveRun) {}
PeerLost::~PeerLost() = default;
WorkerDied::WorkerDied(const std::string& what, End end) : Error(what), end_(std::move(end)) {}
WorkerDied::~WorkerDied() = default;
Timeout::~Timeout() = default;
Refused::~Refused() = default;
UnknownName::~UnknownName() = default;
SignatureMismatch::~SignatureMismatch() = default;
Cancelled::~Cancelled() = default;
ConfigurationError::~ConfigurationError() = default;

} // namespace roam
