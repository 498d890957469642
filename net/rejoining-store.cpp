// Each call goes to the current store; the first that hears of its end makes the next.
#include "net/rejoining-store.h"
#include <string_view>

namespace roam::net {

RejoiningStore::RejoiningStore(RemoteStore::Connect connect, kj::Timer& timer)
    : connect_(std::move(connect)), timer_(timer) {
  stores_.add(kj::heap<RemoteStore>(connect_, timer_));
}

RejoiningStore::~RejoiningStore() noexcept(false) {}

void RejoiningStore::notice(std::size_t of, const kj::Exception& failure) {
  std::string_view words = failure.getDescription().cStr();
  if (of == stores_.size() && words.find(replacedWords) != std::string_view::npos)
    stores_.add(kj::heap<RemoteStore>(connect_, timer_));
}

template <class T>
kj::Promise<T> RejoiningStore::noticed(kj::Promise<T> answer) {
  return answer.catch_([this, of = stores_.size()](kj::Exception&& failure) -> kj::Promise<T> {
    notice(of, failure);
    return kj::mv(failure);
  });
}

class RejoiningStore::Watch final : public StoreWatch {
 public:
  Watch(RejoiningStore& store, kj::Own<StoreWatch> watch)
      : store_(store), of_(store.stores_.size()), watch_(kj::mv(watch)) {}

  kj::Promise<StoreChanges> next() override {
    return watch_->next().catch_(
        [&store = store_, of = of_](kj::Exception&& failure) -> kj::Promise<StoreChanges> {
          store.notice(of, failure);
          return kj::mv(failure);
        });
  }

 private:
  RejoiningStore& store_;
  const std::size_t of_;
  kj::Own<StoreWatch> watch_;
};

kj::Promise<std::string> RejoiningStore::identity() {
  return noticed(current().identity());
}
kj::Promise<kj::Maybe<StoreEntry>> RejoiningStore::get(std::string key) {
  return noticed(current().get(std::move(key)));
}
kj::Promise<StoreListing> RejoiningStore::list(std::string prefix) {
  return noticed(current().list(std::move(prefix)));
}
kj::Promise<Committed> RejoiningStore::commit(std::vector<StoreCondition> conditions,
                                              std::vector<StoreWrite> writes) {
  return noticed(current().commit(std::move(conditions), std::move(writes)));
}
kj::Own<StoreWatch> RejoiningStore::watch(std::string prefix, Revision after) {
  return kj::heap<Watch>(*this, current().watch(std::move(prefix), after));
}
kj::Promise<Lease> RejoiningStore::grant(kj::Duration time) {
  return noticed(current().grant(time));
}
kj::Promise<void> RejoiningStore::keepAlive(Lease lease) {
  return noticed(current().keepAlive(lease));
}
kj::Promise<void> RejoiningStore::revoke(Lease lease) {
  return noticed(current().revoke(lease));
}

} // namespace roam::net
