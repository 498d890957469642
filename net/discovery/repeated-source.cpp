// What is new since the last look.
#include "net/discovery/repeated-source.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/limits.h"

namespace roam::net {

RepeatedSource::RepeatedSource(const Surroundings& around, std::string name)
    : around_(around), trouble_(around.log, std::move(name)), first_(nullptr) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  looked_ = kj::mv(pair.fulfiller);
  first_ = pair.promise.fork();
}

kj::Promise<void> RepeatedSource::lookOnAndOn() {
  co_await kj::evalLater([] {}); // nothing is found before discover() has returned
  while (true) {
    Look look;
    kj::String failure;
    try {
      look = co_await lookInTime();
    } catch (const kj::Exception& exception) {
      look.failure = wordsOf(exception).cStr();
    }
    take(std::move(look));
    lookedOnce();
    co_await pause();
  }
}

/// Waits on for one that takes too long: asking a place that hangs a second time would hang, too.
kj::Promise<Look> RepeatedSource::lookInTime() {
  auto late = around_.io.provider->getTimer()
                  .afterDelay(limits::discoveryAnswer)
                  .then([this] {
                    trouble_.begin("there is no answer yet, after " +
                                   std::to_string(limits::discoveryAnswer / kj::SECONDS) +
                                   " s; the rest goes on without it");
                    lookedOnce();
                  })
                  .eagerlyEvaluate(nullptr);
  co_return co_await look();
}

void RepeatedSource::lookedOnce() {
  if (looked_->isWaiting())
    looked_->fulfill();
}

void RepeatedSource::take(Look look) {
  std::map<std::string, std::string> seen;
  for (auto& [written, mark] : look.addresses)
    takeAddress(look, written, mark, seen);
  for (auto& words : look.rubbish)
    if (!told_.contains(words))
      trouble_.say(words);
  told_ = std::move(look.rubbish);
  if (look.failure.empty()) {
    trouble_.end();
    known_ = std::move(seen);
  } else {
    trouble_.begin(look.failure);
    known_.merge(seen); // what could not be seen this time is not gone
  }
}

void RepeatedSource::takeAddress(Look& look, const std::string& written, const std::string& mark,
                                 std::map<std::string, std::string>& seen) {
  kj::String address;
  KJ_IF_MAYBE (failure,
               kj::runCatchingExceptions([&] { address = loopbackAddress(written.c_str()); })) {
    look.rubbish.insert(wordsOf(*failure).cStr());
    return;
  }
  if (seen.size() >= limits::addressesFound) {
    look.rubbish.insert("there are more than " + std::to_string(limits::addressesFound) +
                        " addresses; the others are left out");
    return;
  }
  auto known = known_.find(address.cStr());
  bool isNew = known == known_.end() || known->second != mark;
  seen.emplace(address.cStr(), mark);
  if (isNew)
    around_.found(address.cStr());
}

} // namespace roam::net
