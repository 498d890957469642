// What is damaged on its way, or made to do damage: mutated slices, objects and messages, for a
// true supervisor in this process, which is built with AddressSanitizer.
//
//   roam-mutants BUILD [COUNT]    COUNT mutants of each kind, 100,000 by default; BUILD is a build
//                                 folder, whose workers and compilers are used
//
// Slices come under the digest of their mutated bytes, and half of the objects with the right hash
// of theirs: so the supervisor can't refuse them, and its compilers and workers meet them. Code is
// linked, not run. Messages are what a connection sends when it says hello and has a chunk run.
// Each thousand has a supervisor of its own, in a process of its own: one that does not end well is
// a crash. Prints mutants-crashed.
#include "bench/measure.h"
#include "jit/host-target.h"
#include "jit/slice/compiled-object.h"
#include "net/connection.h"
#include "net/digests.h"
#include "net/host.h"
#include "runtime/peer/worker-pool.h"
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <kj/async-io.h>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <unistd.h>

namespace roam::bench {
namespace {

constexpr unsigned batch = 1000;

std::string fileAt(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(file), {});
  if (bytes.empty())
    throw std::runtime_error(path + " can't be read: build the tests, too");
  return bytes;
}

kj::ArrayPtr<const kj::byte> bytesOf(const std::string& text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

class NoLog final : public net::Log {
  void line(kj::StringPtr) override {}
};

/// Cut short, or with some bits flipped, bytes set, or a part of it repeated.
std::string mutant(const std::string& original, std::mt19937_64& random) {
  std::string bytes = original;
  switch (random() % 4) {
  case 0:
    bytes.resize(random() % bytes.size());
    break;
  case 1:
    for (auto flips = 1 + random() % 8; flips > 0; --flips)
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    break;
  case 2:
    for (auto places = 1 + random() % 4; places > 0; --places)
      bytes[random() % bytes.size()] = static_cast<char>(random() % 2 ? 0xFF : random());
    break;
  case 3: {
    const std::size_t from = random() % bytes.size(), to = random() % bytes.size();
    bytes.insert(to, bytes.substr(from, 1 + random() % 64));
    break;
  }
  }
  return bytes;
}

/// The way of a connection's bytes, which are kept as they pass.
class Recording final : public kj::AsyncIoStream {
 public:
  Recording(kj::Own<kj::AsyncIoStream> stream, std::string& sent)
      : stream_(kj::mv(stream)), sent_(sent) {}
  kj::Promise<size_t> tryRead(void* buffer, size_t least, size_t most) override {
    return stream_->tryRead(buffer, least, most);
  }
  kj::Promise<void> write(const void* buffer, size_t size) override {
    sent_.append(static_cast<const char*>(buffer), size);
    return stream_->write(buffer, size);
  }
  kj::Promise<void> write(kj::ArrayPtr<const kj::ArrayPtr<const kj::byte>> pieces) override {
    for (auto piece : pieces)
      sent_.append(piece.asChars().begin(), piece.size());
    return stream_->write(pieces);
  }
  kj::Promise<void> whenWriteDisconnected() override { return stream_->whenWriteDisconnected(); }
  void shutdownWrite() override { stream_->shutdownWrite(); }
  void abortRead() override { stream_->abortRead(); }

 private:
  kj::Own<kj::AsyncIoStream> stream_;
  std::string& sent_;
};

net::Hello helloOf(const char* name, unsigned workers) {
  net::Hello hello;
  hello.name = name;
  hello.workers = workers;
  hello.version = "0.1.0";
  hello.target = jit::hostTarget();
  return hello;
}

/// A supervisor, with workers and compilers of the build.
class Supervisor {
 public:
  explicit Supervisor(const std::string& build)
      : quarantine_(io.provider->getTimer()),
        compilers_(io.unixEventPort, io.provider->getTimer(), log_,
                   kj::str(build.c_str(), "/bin/roam-compiler"), 1),
        ladder_(compilers_, log_,
                {.host = jit::hostTarget(), .memoryBytes = limits::objectStoreBytes}),
        pool_(io.unixEventPort, io.provider->getTimer(), log_, ladder_, quarantine_,
              peer::WorkerPool::Options{1, kj::str(build.c_str(), "/bin/roam-worker")}),
        host_(helloOf("supervisor", 1), slices_, pool_, io.provider->getTimer(), log_) {
    pool_.ready().wait(io.waitScope);
  }

  /// A new connection to it: our end. `sent` keeps what we say.
  kj::Own<kj::AsyncIoStream> connect() {
    session_ = nullptr;
    auto pipe = kj::newTwoWayPipe();
    serving_ = host_.serve(kj::mv(pipe.ends[1]), kj::str("mutant"), {"mutant", net::Rights::all()})
                   .eagerlyEvaluate(nullptr);
    return kj::mv(pipe.ends[0]);
  }
  void awaitEnd() { within(kj::mv(serving_)); }

  /// Has code linked, as an origin that says `object` belongs to it. Whether it could be.
  bool link(net::Connection& connection, const std::string& slice, const std::string& object) {
    auto request = session(connection).runRequest();
    const Digest digest = Digest::of(std::string_view(slice));
    request.setEntry(net::bytesOf(digest));
    request.setOnlyLink(true);
    auto code = request.initSlices(1)[0];
    code.setDigest(net::bytesOf(digest));
    code.setCode(bytesOf(slice));
    if (!object.empty())
      code.initObjects(1).set(0, bytesOf(object));
    return within(request.send().then(
        [](capnp::Response<protocol::ChunkResult>&& answer) {
          return answer.which() == protocol::ChunkResult::RESULTS;
        },
        [](kj::Exception&&) { return false; }));
  }
  /// The object of a slice.
  std::string compile(const std::string& slice) {
    auto outcome = compilers_
                       .compile(Digest::of(std::string_view(slice)), bytesOf(slice),
                                jit::Level::tuned, peer::Compilers::Urgency::now)
                       .wait(io.waitScope);
    return {outcome.object.asChars().begin(), outcome.object.size()};
  }
  /// Throws if the supervisor does not serve any more.
  void check(const std::string& slice, unsigned linked) {
    net::Connection connection(connect());
    if (!link(connection, slice, ""))
      throw std::runtime_error("after its mutants the supervisor can't link what it should");
    std::fprintf(stderr, "%u of %u mutants could be linked\n", linked, batch);
  }

  kj::AsyncIoContext io = kj::setupAsyncIo();

 private:
  protocol::Session::Client session(net::Connection& connection) {
    KJ_IF_MAYBE (known, session_)
      return *known;
    auto request = connection.bootstrap().castAs<protocol::Peer>().helloRequest();
    helloOf("mutant", 0).write(request.initHello());
    session_ = request.send().getSession();
    return KJ_ASSERT_NONNULL(session_);
  }
  /// A supervisor that hangs is as bad as one that crashes. A compiler may take its time.
  template <class T>
  T within(kj::Promise<T> promise) {
    return io.provider->getTimer()
        .timeoutAfter(2 * limits::compile, kj::mv(promise))
        .wait(io.waitScope);
  }

  NoLog log_;
  peer::Quarantine quarantine_;
  net::SliceStore slices_{limits::storeBytes};
  peer::Compilers compilers_;
  peer::CodeLadder ladder_;
  peer::WorkerPool pool_;
  net::Host host_;
  kj::Promise<void> serving_ = nullptr;
  kj::Maybe<protocol::Session::Client> session_;
};

// --- the kinds -----------------------------------------------------------------------------------

void sendSlices(const std::string& build, const std::string& slice, std::mt19937_64& random) {
  Supervisor supervisor(build);
  net::Connection connection(supervisor.connect());
  unsigned linked = 0;
  for (unsigned i = 0; i < batch; ++i)
    linked += supervisor.link(connection, mutant(slice, random), "");
  supervisor.check(slice, linked);
}

/// Each for a slice of its own, which is never looked at if the object is taken.
void sendObjects(const std::string& build, const std::string& slice, std::mt19937_64& random) {
  Supervisor supervisor(build);
  net::Connection connection(supervisor.connect());
  const std::string original = supervisor.compile(slice);
  unsigned linked = 0;
  for (unsigned i = 0; i < batch; ++i) {
    const std::string other = "no bitcode " + std::to_string(random());
    if (i % 2 == 0) {
      linked += supervisor.link(connection, other, mutant(original, random));
      continue;
    }
    auto object = CompiledObject::read(std::as_bytes(std::span(original)));
    std::string code(reinterpret_cast<const char*>(object.code.data()), object.code.size());
    const std::string name = object.slice.toString(); // symbols have it
    object.slice = Digest::of(std::string_view(other));
    for (auto at = code.find(name); at != code.npos; at = code.find(name, at))
      code.replace(at, name.size(), object.slice.toString());
    code = mutant(code, random);
    object.code = std::as_bytes(std::span(code));
    auto written = object.write();
    linked += supervisor.link(connection, other,
                              {reinterpret_cast<const char*>(written.data()), written.size()});
  }
  supervisor.check(slice, linked);
}

/// Whatever comes back is read, and the end of the connection is awaited.
void sendMessages(const std::string& build, const std::string& slice, std::mt19937_64& random) {
  Supervisor supervisor(build);
  std::string original;
  {
    net::Connection connection(kj::heap<Recording>(supervisor.connect(), original));
    supervisor.link(connection, slice, "");
  }
  supervisor.awaitEnd();
  for (unsigned i = 0; i < batch; ++i) {
    const std::string bytes = mutant(original, random);
    auto stream = supervisor.connect();
    auto answers = stream->readAllBytes().ignoreResult().catch_([](kj::Exception&&) {});
    auto sent = stream->write(bytes.data(), bytes.size())
                    .then([&] { stream->shutdownWrite(); }, [](kj::Exception&&) {});
    answers.exclusiveJoin(sent.then([] { return kj::Promise<void>(kj::NEVER_DONE); }))
        .wait(supervisor.io.waitScope);
    stream = nullptr;
    supervisor.awaitEnd();
  }
  supervisor.check(slice, 0);
}

using Sender = void (*)(const std::string&, const std::string&, std::mt19937_64&);
constexpr std::pair<const char*, Sender> kinds[] = {
    {"slices", sendSlices}, {"objects", sendObjects}, {"messages", sendMessages}};

int run(const std::string& build, unsigned count) {
  const std::string program = std::filesystem::read_symlink("/proc/self/exe");
  unsigned all = 0;
  for (auto& [kind, send] : kinds) {
    std::atomic<unsigned> seed = 0, crashed = 0;
    auto lane = [&, kind = std::string(kind)] { // some mutants take a compiler two minutes
      for (unsigned mine; (mine = seed++) * batch < count;)
        crashed += std::system((program + " --batch " + kind + " " + build + " " +
                                std::to_string(mine) + " 1>&2")
                                   .c_str()) != 0;
    };
    { std::jthread one(lane), other(lane), third(lane); }
    print(std::string("mutants.") + kind, crashed, "crashes");
    all += crashed;
  }
  print("mutants-crashed", all, "crashes");
  return all > 0;
}

/// One supervisor.
int runBatch(const std::string& kind, const std::string& build, unsigned seed) {
  std::mt19937_64 random(seed);
  const std::string slice = fileAt(build + "/tests/runtime/peer/square.bc");
  for (auto& [name, send] : kinds)
    if (kind == name)
      send(build, slice, random);
  return 0;
}

} // namespace
} // namespace roam::bench

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 4 && words[0] == "--batch")
    return roam::bench::runBatch(words[1], words[2], unsigned(std::stoul(words[3])));
  if (words.empty() || words.size() > 2) {
    std::fprintf(stderr, "roam-mutants BUILD [COUNT]\n");
    return 2;
  }
  return roam::bench::run(words[0], words.size() == 2 ? unsigned(std::stoul(words[1])) : 100'000);
}
