// What Roam throws. Told apart by what the caller does next; `what()` says what failed, where, why
// and what to do.
//
// A shipped lambda that throws a standard exception gives the same type here (std::out_of_range
// stays one). Everything else is one of these.
#pragma once
#include "roam/api.h"
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace roam {

/// Something failed that no other class here tells apart. The base of the others.
class ROAM_API Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
  ~Error() override;
};

/// Shipped code threw something that is no standard exception: a class of its own, an int.
class ROAM_API RemoteError : public Error {
 public:
  /// `message` is what() of the exception, or empty if it has none.
  RemoteError(std::string typeName, std::string message, std::uint64_t element, std::string peer,
              std::string digest);
  ~RemoteError() override;

  /// The type that was thrown, as it is written in the source: "app::BadRate".
  const std::string& typeName() const { return typeName_; }
  /// What the exception itself said; `what()` adds the rest.
  const std::string& message() const { return message_; }
  /// Index of the element in the input of the call; 0 for a single call.
  std::uint64_t element() const { return element_; }
  /// Name of the peer that ran it: "host:process".
  const std::string& peer() const { return peer_; }
  /// Digest of the closure's slice in hexadecimal, as `roam inspect` prints it.
  const std::string& digest() const { return digest_; }

 private:
  std::string typeName_, message_, peer_, digest_;
  std::uint64_t element_;
};

/// No peer could be reached, or those that ran the call were lost and none is left to take over:
/// try again later.
class ROAM_API PeerLost : public Error {
 public:
  explicit PeerLost(const std::string& what, bool mayHaveRun = false);
  ~PeerLost() override;

  /// Whether code of the call may have run, in part or to its end. If not, it surely has not.
  bool mayHaveRun() const { return mayHaveRun_; }

 private:
  bool mayHaveRun_;
};

/// The shipped code ended the worker process that ran it (a signal, an exit), each time it was
/// tried: fix the code.
class ROAM_API WorkerDied : public Error {
 public:
  /// The last end.
  struct End {
    int signal = 0;
    int exitStatus = 0;
    std::string digest;
    std::uint64_t element = 0;
    std::vector<std::string> stack;
    bool mayHaveRun = false;
  };
  WorkerDied(const std::string& what, End end);
  ~WorkerDied() override;

  /// The signal that killed the process, SIGSEGV for one; 0 if it exited.
  int signal() const { return end_.signal; }
  /// With which it exited; 0 if it was killed.
  int exitStatus() const { return end_.exitStatus; }
  /// Digest of the closure's slice in hexadecimal, as `roam inspect` prints it.
  const std::string& digest() const { return end_.digest; }
  /// Index in the input of the call of the element that ran, or of the first one that the process
  /// was given with it: elements that are computed without a look at each are not told apart.
  std::uint64_t element() const { return end_.element; }
  /// The frames of the shipped code and of libraries that it called, the innermost first, a line
  /// each; the last is the lambda with its place in the source. What the process could not tell is
  /// left out: after SIGKILL all but the last.
  const std::vector<std::string>& stack() const { return end_.stack; }
  /// Whether elements of the call may have run, in part or as a whole.
  bool mayHaveRun() const { return end_.mayHaveRun; }

 private:
  End end_;
};

/// The call's deadline passed before all results were here.
class ROAM_API Timeout : public Error {
 public:
  using Error::Error;
  ~Timeout() override;
};

/// A peer will not run this code: another platform, a damaged slice, a symbol it lacks, a limit; or
/// it ended too many workers, and is in quarantine. Trying again won't help.
class ROAM_API Refused : public Error {
 public:
  using Error::Error;
  ~Refused() override;
};

/// Nothing is bound to the name that was called.
class ROAM_API UnknownName : public Error {
 public:
  using Error::Error;
  ~UnknownName() override;
};

/// What a name is bound to takes or gives other types than the caller says.
class ROAM_API SignatureMismatch : public Error {
 public:
  SignatureMismatch(std::string name, std::string asked, std::string bound);
  ~SignatureMismatch() override;

  const std::string& name() const { return name_; }
  /// What the caller said: "double (double)".
  const std::string& asked() const { return asked_; }
  /// What the name is bound to.
  const std::string& bound() const { return bound_; }

 private:
  std::string name_, asked_, bound_;
};

/// The call was ended by `cancel`, or with its cluster.
class ROAM_API Cancelled : public Error {
 public:
  using Error::Error;
  ~Cancelled() override;
};

/// An address, an option or a file of the configuration is wrong or missing.
class ROAM_API ConfigurationError : public Error {
 public:
  using Error::Error;
  ~ConfigurationError() override;
};

} // namespace roam
