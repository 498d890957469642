// What is behind a roam::Cluster: a loop thread with the connections, the members, and the names.
#pragma once
#include "roam/error.h"
#include "runtime/code-packing.h"
#include "runtime/loop-thread.h"
#include "runtime/members.h"
#include "runtime/name-table.h"
#include "runtime/origin.h"
#include "runtime/peer-watchers.h"
#include "runtime/peer/linked-entries.h"
#include "runtime/private-cluster.h"
#include "runtime/push.h"
#include "runtime/running-call.h"
#include "runtime/shipped-objects.h"
#include <atomic>
#include <future>

namespace roam {

/// What a failure of the loop is to the caller of a public function: DISCONNECTED is PeerLost,
/// OVERLOADED is Timeout, FAILED is Refused, everything else Error.
std::exception_ptr errorOf(const kj::Exception& exception);

/// Members are called from any thread, if nothing else is said.
class Cluster::State {
 public:
  /// `bundles`: the setting "bundle".
  State(Members::Options where, const ConfiguredValue& bundles,
        std::unique_ptr<PrivateCluster> ours);
  ~State();

  /// False in a process that was forked from the one the cluster was made in: its thread is not
  /// here.
  bool isHere() const { return link_->isHere(); }
  /// Throws Error unless it is.
  void checkHere() const;
  std::shared_ptr<RunningCall> start(const detail::CallSpec& spec);
  std::vector<Member> peers();
  PeerWatchers& watchers() { return watchers_; }

  /// What names are bound to. The first time it waits for the store.
  std::shared_ptr<const NameSnapshot> names();
  /// Returns the revisions of the names.
  std::vector<std::uint64_t> bind(const std::vector<detail::BindSpec>& specs);

  /// Starts `begin` on the loop and waits for what it promises. Throws errorOf what fails.
  template <class T>
  T await(std::function<kj::Promise<T>()> begin);

  // For `await`, on the loop:
  Members& members() { return *members_; }
  NameStore& nameStore() { return *nameStore_; }
  kj::Timer& timer() { return *timer_; }
  const std::string& processName() const { return processName_; }
  /// Follows the names from the first call on.
  NameTable& table();

 private:
  void begin(kj::AsyncIoContext& io, const Members::Options& where);
  void end();
  void forgetEnded();
  const PackedCode& codeOf(const detail::CallSpec& spec);
  void describe(const detail::CallSpec& spec, JobSpec& job);
  void describeNamed(const detail::CallSpec& spec, JobSpec& job);
  std::shared_ptr<peer::LinkedEntries> linkedIn(const detail::LinkedSections& sections);
  bool runHere(const detail::CallSpec& spec, const JobSpec& job, RunningCall& call);
  kj::Promise<std::shared_ptr<const std::string>> fetchCode(Digest digest);
  kj::Promise<std::shared_ptr<const std::string>> findCode(Digest digest);
  PushedFunction pushed(const detail::BindSpec& spec);
  kj::Promise<std::vector<std::uint64_t>> pushAll(std::vector<PushedFunction> functions);

  friend class Cluster;
  /// Those of this process, for roam::live, which names none. Nothing else looks at it.
  static inline std::mutex allMutex;
  static inline std::vector<State*> all; ///< guarded by allMutex

  class Tasks final : public kj::TaskSet::ErrorHandler {
   public:
    void taskFailed(kj::Exception&& exception) override;
    kj::TaskSet all{*this};
  };

  std::unique_ptr<PrivateCluster> private_; // outlives the loop that speaks to it
  ShippedObjects shipped_;
  CodePacker packer_; // outlives the jobs that send what it packed
  PeerWatchers watchers_;

  // On the loop only:
  kj::Timer* timer_ = nullptr;
  std::string processName_; ///< for people
  kj::Own<Origin> origin_;
  kj::Own<Members> members_;
  kj::Own<NameStore> nameStore_;
  kj::Own<NameTable> table_;
  std::map<Digest, std::weak_ptr<const std::string>> fetched_; ///< code of names, while it is used
  std::map<Digest, kj::ForkedPromise<std::shared_ptr<const std::string>>> fetching_;
  kj::Own<Tasks> tasks_;

  std::atomic<NameTable*> listed_ = nullptr; ///< table_, once it knows all names
  std::mutex mutex_;
  std::vector<std::weak_ptr<RunningCall>> calls_; // guarded by mutex_
  std::size_t forgetAt_ = 64;                     // guarded by mutex_
  /// By where the linked code of an executable or library begins.
  std::map<const char*, std::shared_ptr<peer::LinkedEntries>> linked_; // guarded by mutex_
  LoopThread loop_;
  std::shared_ptr<LoopLink> link_;
};

template <class T>
T Cluster::State::await(std::function<kj::Promise<T>()> begin) {
  checkHere();
  if (link_->isCurrent())
    throw Error("the cluster was asked on Roam's own loop thread (from a serialize function?), "
                "where the answer can never come");
  std::promise<T> result;
  std::future<T> future = result.get_future();
  link_->run([&] {
    tasks_->all.add(kj::evalNow(begin).then(
        [&result](T value) { result.set_value(std::move(value)); },
        [&result](kj::Exception&& exception) { result.set_exception(errorOf(exception)); }));
  });
  return future.get();
}

} // namespace roam
