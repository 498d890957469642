// Calls that block: done on a thread of their own, so that the loop goes on.
#pragma once
#include <functional>
#include <kj/async.h>
#include <memory>
#include <thread>

namespace roam::net {

/// What `work` returns or throws. Dropping the promise does not end it: the thread goes on until
/// `work` returns, so that may only use what it owns.
template <class T>
kj::Promise<T> onThread(std::function<T()> work) {
  auto pair = kj::newPromiseAndCrossThreadFulfiller<T>();
  // std::thread takes nothing whose destructor may throw.
  auto fulfiller = std::make_shared<decltype(pair.fulfiller)>(kj::mv(pair.fulfiller));
  std::thread([work = std::move(work), fulfiller = std::move(fulfiller)] {
    (*fulfiller)->rejectIfThrows([&] { (*fulfiller)->fulfill(work()); });
  }).detach();
  return kj::mv(pair.promise);
}

} // namespace roam::net
