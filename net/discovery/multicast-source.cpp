// Asking, answering, and standing what strangers send to the group.
#include "net/discovery/multicast-source.h"
#include "net/address.h"
#include "net/coroutine.h"
#include "net/limits.h"
#include <algorithm>
#include <random>

namespace roam::net {
namespace {

std::uint64_t drawSender() {
  std::random_device random;
  return std::uint64_t(random()) << 32 | random();
}

} // namespace

/// An address that is answered while this lives.
class MulticastSource::Answer final : public Announcement {
 public:
  Answer(MulticastSource& source, std::string address)
      : source_(source), address_(std::move(address)) {
    source_.own_.insert(address_);
    source_.answerSoon();
  }
  ~Answer() noexcept(false) override { source_.own_.erase(address_); }
  KJ_DISALLOW_COPY(Answer);

 private:
  MulticastSource& source_;
  std::string address_;
};

MulticastSource::MulticastSource(const Surroundings& around, const JoinPlace& place, bool answers)
    : around_(around), place_(place), answers_(answers), timer_(around.io.provider->getTimer()),
      trouble_(around.log, place.written), sender_(drawSender()), second_(timer_.now()),
      tellAt_(timer_.now()), answered_(timer_.now() - limits::multicastGap),
      roundEndsBy_(timer_.now() + limits::multicastAnswer) {
  auto pair = kj::newPromiseAndFulfiller<void>();
  looked_ = kj::mv(pair.fulfiller);
  first_ = pair.promise.fork();
  finishRoundAt(roundEndsBy_);
  running_ = openOnAndOn();
}

kj::Own<Announcement> MulticastSource::announce(const std::string& address) {
  if (!answers_)
    return {};
  return kj::heap<Answer>(*this, address);
}

void MulticastSource::finishRoundAt(kj::TimePoint time) {
  if (!looked_->isWaiting())
    return;
  roundEnd_ = timer_.atTime(std::min(time, roundEndsBy_))
                  .then([this] { looked_->fulfill(); })
                  .eagerlyEvaluate(nullptr);
}

kj::Promise<void> MulticastSource::openOnAndOn() {
  co_await kj::evalLater([] {}); // nothing is found before discover() has returned
  while (true) {
    try {
      socket_ = kj::heap<MulticastSocket>(around_.io.unixEventPort, place_.text, place_.port);
      if (!own_.empty())
        answerSoon();
      co_await receive().exclusiveJoin(ask());
    } catch (const kj::Exception& exception) {
      trouble_.begin(std::string("no multicast: ") + wordsOf(exception).cStr());
    }
    answering_ = nullptr;
    isAnswering_ = false;
    socket_ = nullptr;
    co_await timer_.afterDelay(limits::multicastRetry);
  }
}

kj::Promise<void> MulticastSource::ask() {
  for (auto pause = limits::multicastRepeat;;
       pause = std::min(3 * pause, limits::multicastLastRepeat)) {
    say(std::nullopt);
    trouble_.end();
    co_await timer_.afterDelay(pause);
  }
}

void MulticastSource::say(std::optional<std::vector<std::string>> addresses) {
  socket_->send(Datagram{around_.cluster, sender_, std::move(addresses)}.bytes());
}

void MulticastSource::answerSoon() {
  if (isAnswering_ || socket_.get() == nullptr)
    return;
  isAnswering_ = true;
  auto due = std::max(answered_ + limits::multicastGap, timer_.now());
  answering_ = timer_.atTime(due)
                   .then([this] {
                     isAnswering_ = false;
                     answered_ = timer_.now();
                     if (!own_.empty())
                       say(std::vector<std::string>(own_.begin(), own_.end()));
                   })
                   .eagerlyEvaluate([this](kj::Exception&& exception) {
                     trouble_.begin(std::string("no answer: ") + wordsOf(exception).cStr());
                   });
}

// --- what arrives ----------------------------------------------------------------------------

kj::Promise<void> MulticastSource::receive() {
  auto buffer = kj::heapArray<kj::byte>(limits::datagramBytes + 1);
  while (true) {
    // A few at a time, so that a flood does not keep the loop from everything else.
    for (int i = 0; i < 64; ++i) {
      kj::Maybe<std::size_t> size = socket_->receive(buffer);
      KJ_IF_MAYBE (bytes, size) {
        take(buffer.slice(0, std::min(*bytes, buffer.size())));
        continue;
      }
      co_await socket_->whenMore();
    }
    co_await kj::evalLast([] {});
  }
}

bool MulticastSource::isFlood() {
  if (auto now = timer_.now(); now - second_ >= 1 * kj::SECONDS) {
    second_ = now;
    inSecond_ = 0;
  }
  return ++inSecond_ > limits::datagramsPerSecond;
}

void MulticastSource::ignore(const char* why) {
  ++ignored_;
  if (timer_.now() < tellAt_)
    return;
  trouble_.say(std::to_string(ignored_) + " datagram" + (ignored_ == 1 ? " is" : "s are") +
               " ignored: " + why + "; the next ones are told of in a minute");
  ignored_ = 0;
  tellAt_ = timer_.now() + limits::multicastTold;
}

void MulticastSource::take(kj::ArrayPtr<const kj::byte> bytes) {
  if (isFlood())
    return ignore("more arrive than anyone needs");
  auto datagram = Datagram::parse(bytes);
  if (!datagram)
    return ignore("another program sent this, or a peer of another version of Roam");
  if (datagram->sender == sender_ || datagram->cluster != around_.cluster)
    return;
  if (!datagram->addresses) {
    if (!own_.empty())
      answerSoon();
    return;
  }
  for (auto& written : *datagram->addresses)
    takeAddress(written, datagram->sender);
}

void MulticastSource::takeAddress(const std::string& written, std::uint64_t sender) {
  kj::String address;
  if (kj::runCatchingExceptions([&] { address = loopbackAddress(written.c_str()); }) != nullptr)
    return ignore("its addresses can't be used");
  auto now = timer_.now();
  if (heard_.size() >= limits::addressesFound)
    std::erase_if(heard_,
                  [now](auto& one) { return now - one.second.last > limits::multicastGone; });
  auto [heard, isNew] = heard_.try_emplace(address.cStr(), Heard{sender, now});
  if (heard_.size() > limits::addressesFound) {
    heard_.erase(heard);
    return ignore("there are too many addresses");
  }
  isNew =
      isNew || heard->second.sender != sender || now - heard->second.last > limits::multicastGone;
  heard->second = {sender, now};
  finishRoundAt(now + limits::multicastQuiet);
  if (isNew)
    around_.found(address.cStr());
}

} // namespace roam::net
