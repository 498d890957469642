// Coroutines that return kj::Promise<T> and await KJ's promises: for what takes several steps.
//
//     kj::Promise<void> rename(Store& store, std::string from, std::string to) {
//       auto entry = co_await store.get(from);
//       ...
//     }
//
// Three rules, since a coroutine outlives the call that began it:
// - Parameters are values, or refer to what outlives the promise. A lambda with captures is no
//   coroutine: its captures are gone after the first wait.
// - What is awaited is awaited once, at once. Dropping the promise destroys the coroutine where it
//   waits, and what it waits for.
// - Exceptions of the standard library leave it as kj::Exception of type FAILED with their words.
//
// KJ has coroutines of its own from 0.10 on; this uses inner names of 0.9.2, the version of
// Debian 12.
#pragma once
#include <coroutine>
#include <exception>
#include <kj/async.h>
#include <kj/debug.h>

namespace roam::net {

/// Resumes a coroutine from the event loop. One a coroutine, not one a wait: KJ forbids destroying
/// an event while it fires.
class ResumeEvent final : public kj::_::Event {
 public:
  std::coroutine_handle<> coroutine;

  kj::Maybe<kj::Own<kj::_::Event>> fire() override {
    coroutine.resume();
    return nullptr;
  }
  void traceEvent(kj::_::TraceBuilder&) override {}
};

template <class T>
class Awaiting {
 public:
  Awaiting(ResumeEvent& event, kj::Promise<T>&& promise)
      : event_(event), node_(kj::_::PromiseNode::from(kj::mv(promise))) {
    node_->setSelfPointer(&node_);
  }
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) { node_->onReady(&event_); }
  T await_resume() {
    node_->get(result_);
    node_ = nullptr;
    return kj::_::convertToReturn(kj::mv(result_));
  }

 private:
  ResumeEvent& event_;
  kj::Own<kj::_::PromiseNode> node_;
  kj::_::ExceptionOr<kj::_::FixVoid<T>> result_;
};

template <class T>
class CoroutineBase {
 public:
  std::suspend_never initial_suspend() noexcept { return {}; }
  std::suspend_always final_suspend() noexcept { return {}; }
  void unhandled_exception() {
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions(
                                [] { std::rethrow_exception(std::current_exception()); }))
      fulfiller_->reject(kj::mv(*exception));
  }
  template <class U>
  Awaiting<U> await_transform(kj::Promise<U>&& promise) {
    return {event_, kj::mv(promise)};
  }

 protected:
  template <class P>
  kj::Promise<T> promiseOf(P& promise) {
    return kj::newAdaptedPromise<T, Owner>(std::coroutine_handle<P>::from_promise(promise), *this);
  }
  kj::PromiseFulfiller<T>& fulfiller() { return *fulfiller_; }

 private:
  /// Belongs to the KJ promise, and the coroutine to it.
  class Owner {
   public:
    Owner(kj::PromiseFulfiller<T>& fulfiller, std::coroutine_handle<> coroutine,
          CoroutineBase& base)
        : coroutine_(coroutine) {
      base.fulfiller_ = &fulfiller;
      base.event_.coroutine = coroutine;
    }
    ~Owner() noexcept(false) { coroutine_.destroy(); }
    KJ_DISALLOW_COPY(Owner);

   private:
    std::coroutine_handle<> coroutine_;
  };

  ResumeEvent event_;
  kj::PromiseFulfiller<T>* fulfiller_ = nullptr;
};

template <class T>
class Coroutine : public CoroutineBase<T> {
 public:
  kj::Promise<T> get_return_object() { return this->promiseOf(*this); }
  template <class V>
  void return_value(V&& value) {
    this->fulfiller().fulfill(T(kj::fwd<V>(value)));
  }
};

template <>
class Coroutine<void> : public CoroutineBase<void> {
 public:
  kj::Promise<void> get_return_object() { return promiseOf(*this); }
  void return_void() { fulfiller().fulfill(); }
};

} // namespace roam::net

template <class T, class... Arguments>
struct std::coroutine_traits<kj::Promise<T>, Arguments...> {
  using promise_type = roam::net::Coroutine<T>;
};
