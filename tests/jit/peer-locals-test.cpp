// Peer-local variables: one instance a session, by name, whatever comes and goes.
#include "jit/peer-locals.h"
#include "jit/session.h"
#include "jit/slice/peer-local-name.h"
#include "slices.h"
#include <gtest/gtest.h>

namespace roam::jit {
namespace {

template <class Function>
Function* entryAs(Session& session, const Digest& digest) {
  return reinterpret_cast<Function*>(session.entry(digest));
}

std::string complaintAbout(Session& session, const Digest& digest) {
  try {
    session.entry(digest);
  } catch (const BadSlice& error) {
    return error.what();
  }
  return "no complaint";
}

const std::string counter = PeerLocalName{"_ZN3app7counterE", 4, 4, "_ZTSi"}.symbol();

TEST(PeerLocalName, IsReadBackFromItsSymbol) {
  EXPECT_EQ(counter, "roam.peer_local:_ZN3app7counterE:4:4:_ZTSi");
  auto name = PeerLocalName::parse("roam.peer_local:own:name:12:8:_ZTSm");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->name, "own:name");
  EXPECT_EQ(name->size, 12u);
  EXPECT_EQ(name->alignment, 8u);
  EXPECT_EQ(name->type, "_ZTSm");
  for (const char* damaged :
       {"malloc", "roam.peer_local:", "roam.peer_local:a:4:4", "roam.peer_local::4:4:i",
        "roam.peer_local:a:-4:4:i", "roam.peer_local:a:4:99999999999999999999:i"})
    EXPECT_FALSE(PeerLocalName::parse(damaged)) << damaged;
}

TEST(PeerLocals, AreSharedBySlicesAndStartAsZero) {
  MemorySource source;
  auto session = Session::open(source);
  auto* once = entryAs<int()>(*session, source.add(sliceAdding(counter, 1)));
  auto* tenfold = entryAs<int()>(*session, source.add(sliceAdding(counter, 10)));
  EXPECT_EQ(once(), 1);
  EXPECT_EQ(tenfold(), 11);
  EXPECT_EQ(once(), 12);
  auto another = Session::open(source);
  EXPECT_EQ(entryAs<int()>(*another, source.add(sliceAdding(counter, 1)))(), 1);
}

TEST(PeerLocals, KeepTheirSlicesLoaded) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.add(sliceAdding(counter, 1));
  auto* count = entryAs<int()>(*session, digest);
  EXPECT_EQ(count(), 1);
  session->unload(digest);
  EXPECT_EQ(entryAs<int()>(*session, digest), count);
  EXPECT_EQ(count(), 2);
  EXPECT_EQ(source.fetches, 1);
}

TEST(PeerLocals, OfAnotherSizeOrTypeAreRefusedInWords) {
  MemorySource source;
  auto session = Session::open(source);
  entryAs<int()>(*session, source.add(sliceAdding(counter, 1)))();
  std::string text = complaintAbout(
      *session, source.add(sliceAdding("roam.peer_local:_ZN3app7counterE:4:4:_ZTSf", 1)));
  EXPECT_NE(text.find("uses the peer-local variable 'app::counter' as a float of 4 bytes"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("on this peer it is a int of 4 bytes"), std::string::npos) << text;
  text = complaintAbout(*session,
                        source.add(sliceAdding("roam.peer_local:_ZN3app7counterE:8:4:_ZTSi", 1)));
  EXPECT_NE(text.find("of 8 bytes"), std::string::npos) << text;
}

TEST(PeerLocals, HaveLimits) {
  PeerLocals variables;
  auto complaint = [&](const std::string& size, const std::string& alignment) -> std::string {
    try {
      variables.find("roam.peer_local:x:" + size + ":" + alignment + ":_ZTSi");
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "no complaint";
  };
  EXPECT_NE(complaint("268435457", "4").find("the limit is 256 MiB"), std::string::npos);
  EXPECT_NE(complaint("4", "8192").find("a power of two up to 4096"), std::string::npos);
  EXPECT_NE(complaint("4", "3").find("a power of two"), std::string::npos);
  EXPECT_NE(complaint("4", "0").find("a power of two"), std::string::npos);
  EXPECT_NE(complaint("four", "4").find("damaged name"), std::string::npos);
  EXPECT_EQ(complaint("5", "4096"), "no complaint");
}

TEST(PeerLocals, AreDestroyedWhenTheSessionEndsTheYoungestFirst) {
  MemorySource source;
  auto session = Session::open(source);
  Digest digest = source.addNamed("peer-local-object");
  auto* make = entryAs<int(int*, int)>(*session, digest);
  int log[4] = {};
  EXPECT_EQ(make(log, 2), 0);
  EXPECT_EQ(make(log, 0), 0);
  session->unload(digest);
  EXPECT_EQ(log[0], 0);
  session.reset();
  EXPECT_EQ(log[0], 1);
  EXPECT_EQ(log[1], 3);
  EXPECT_EQ(log[2], 0);
}

} // namespace
} // namespace roam::jit
