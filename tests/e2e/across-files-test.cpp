// Lambdas that call what other files and libraries define. The peers are `roam peer` processes
// without any of this code.
#include "tests/e2e/across/elsewhere.h"
#include "tests/e2e/across/tickets.h"
#include "tests/e2e/shared-peers.h"
#include <zlib.h>

namespace roam::e2e {
namespace {

using AcrossFiles = SharedPeers;

/// What the program is told when it sends f.
template <class F>
std::string refusal(Cluster& cluster, const F& f) {
  try {
    cluster.async(f).get();
    return "it was not refused";
  } catch (const Refused& error) {
    return error.what();
  }
}

void expectAll(const std::string& text, std::initializer_list<const char*> parts) {
  for (const char* part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "'" << part << "' is missing in: " << text;
}

TEST_F(AcrossFiles, AFunctionOfAnotherFileTravels) {
  Line line{4, 2.375, "rope"};
  EXPECT_EQ(cluster().async([line] { return total(line); }).get(), 9.5);
}

TEST_F(AcrossFiles, ObjectsAreReadAndWrittenOnBothSidesOfACall) {
  auto f = [](int pieces) {
    Line line;
    line.pieces = pieces;
    line.price = 10;
    line.what = "rope";
    double before = line.price;
    discount(line, 50);
    line.pieces += 1;
    return std::pair(line.what, before + line.price * 100 + total(line));
  };
  std::vector<int> numbers{1, 2, 3};
  EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
}

TEST_F(AcrossFiles, WhatAFunctionOfAnotherFileThrowsIsCaughtHereAndThere) {
  Line line{1, 1, "dust"};
  EXPECT_THROW(cluster().async([line] { refuseLine(line); }).get(), std::invalid_argument);
  auto caught = [line] {
    try {
      refuseLine(line);
    } catch (const std::invalid_argument& error) {
      return std::string(error.what());
    }
  };
  EXPECT_EQ(cluster().async(caught).get(), "no price for dust");
}

TEST_F(AcrossFiles, ATypeThatIsPrivateToAFileIsTheSameInAllItsFunctions) {
  std::vector<int> numbers{0, 1, 7, -3, 20};
  auto f = [](int x) { return catchesPrivately(x); };
  EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
}

TEST_F(AcrossFiles, FunctionsReachOthersAndTablesInFurtherFiles) {
  std::vector<int> numbers{1, 2, 3, 4, 5, 6};
  auto f = [](int x) { return viaTwoFiles(x) * weights[(x + 1) % 4]; };
  EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
}

TEST_F(AcrossFiles, FunctionsOfTwoFilesMayCallEachOther) {
  std::vector<unsigned> numbers{0, 1, 2, 17, 100};
  auto f = [](unsigned x) { return isEven(x) ? 1 : isOdd(x) ? 2 : 3; };
  EXPECT_EQ(cluster().map(numbers, f), loop(numbers, f));
}

TEST_F(AcrossFiles, ClassesHaveTheirVirtualFunctionsInTheFileOfTheirKeyFunction) {
  auto f = [](double size) {
    std::unique_ptr<Shape> one = std::make_unique<Circle>(size),
                           two = std::make_unique<Shape>(size);
    bool isCircle = dynamic_cast<Circle*>(one.get()) && !dynamic_cast<Circle*>(two.get());
    return one->name() + " " + std::to_string(one->area() + two->area()) + (isCircle ? "!" : "?");
  };
  std::vector<double> sizes{1, 2.5};
  EXPECT_EQ(cluster().map(sizes, f), loop(sizes, f));
}

TEST_F(AcrossFiles, FinalClassesAreKnownInOtherFiles) {
  EXPECT_TRUE(cluster().async([] { return isDog(Dog()) && !isDog(Animal()); }).get());
}

TEST_F(AcrossFiles, MembersOfExplicitInstantiationsTravel) {
  EXPECT_EQ(cluster().async([](int x) { return Box<int>{x}.twice(); }, 21).get(), 42);
}

TEST_F(AcrossFiles, AFunctionOfAStaticLibraryTravels) {
  EXPECT_EQ(cluster().async([](long x) { return inStaticLibrary(x); }, 9L).get(), 82);
}

TEST_F(AcrossFiles, ASharedLibraryIsLoadedByThePeer) {
  auto f = [](const std::string& text) {
    return crc32(0, reinterpret_cast<const Bytef*>(text.data()), uInt(text.size()));
  };
  EXPECT_EQ(cluster().async(f, std::string("roam")).get(), f("roam"));
}

TEST_F(AcrossFiles, ASharedLibraryIsLoadedAlsoForAnObjectThatWasCompiledBefore) {
  Peers peers(1);
  auto f = [](int x) { return compressBound(uLong(x)); };
  EXPECT_EQ(connect(peers.addresses()).async(f, 10).get(), compressBound(10));
  peers[0].restart();
  EXPECT_EQ(connect(peers.addresses()).async(f, 10).get(), compressBound(10));
  EXPECT_EQ(peers[0].counters().compiled, 0u);
}

TEST_F(AcrossFiles, TwoClosuresThatShareAFunctionAreTwoGroups) {
  Peers peers(1);
  Cluster one = connect(peers.addresses());
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(one.async([] { return total({2, 1.5, ""}); }).get(), 3);
    EXPECT_EQ(one.async([] { return total({4, 1.5, ""}) + 1; }).get(), 7);
  }
  EXPECT_EQ(peers[0].counters().slicesReceived, 2u);
}

TEST_F(AcrossFiles, RoamsOwnLibraryIsFoundByThePeer) {
  try {
    cluster().async([](int x) { throw Timeout("not before " + std::to_string(x)); }, 7).get();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const RemoteError& error) {
    EXPECT_EQ(error.typeName(), "roam::Timeout");
    EXPECT_EQ(error.message(), "not before 7");
  }
}

const int ropePrice = priceOf("rope");

TEST_F(AcrossFiles, TablesOfAnotherFileAreBuiltBeforeThoseThatAreMadeOfThem) {
  auto f = [](const std::string& what) {
    return title + " " + std::to_string(priceOf(what) - ropePrice);
  };
  std::vector<std::string> names{"rope", "thread", "wire"};
  EXPECT_EQ(cluster().map(names, f), loop(names, f));
}

// --- refusals ------------------------------------------------------------------------------------

TEST_F(AcrossFiles, ALibraryThatThePeerLacksIsNamed) {
  EXPECT_EQ(onlyAtTheOrigin(3), 2);
  expectAll(refusal(cluster(), [] { return onlyAtTheOrigin(3); }),
            {"libroam-e2e-loaded.so", "'onlyAtTheOrigin'", "apt-file search"});
}

TEST_F(AcrossFiles, AFunctionCompiledWithoutThePluginIsNamedWithItsCaller) {
  expectAll(refusal(cluster(), [] { return callsPlainObject(1); }),
            {"across-files-test.cpp:", "needs roam::e2e::inPlainObject(int)",
             "called from roam::e2e::callsPlainObject(int)", "compiled without Roam's plugin"});
}

TEST_F(AcrossFiles, AVariableOfAnotherFileIsNamedWithItsPlace) {
  expectAll(refusal(cluster(), [] { return callsBumpCounter(); }),
            {"needs roam::e2e::callsBumpCounter()", "uses the variable", "counter' of this program",
             "lines.cpp:10"});
}

TEST_F(AcrossFiles, APeerLocalVariableIsOneForAllFiles) {
  Member first = cluster().peers().front();
  EXPECT_EQ(cluster().on(first, [] { return nextTicket(); }), 7);
  EXPECT_EQ(cluster().on(first, [] { return nextTicket() * 1000 + tickets.front(); }), 8100);
  EXPECT_EQ(cluster().on(first, [] { return tickets; }), (std::vector<int>{100, 7, 8}));
}

TEST_F(AcrossFiles, InspectNamesBeforehandWhatCannotTravel) {
  Ended ended = run({builtProgram("roam"), "inspect", builtProgram("roam-e2e-across-files")});
  EXPECT_EQ(ended.status, 0) << ended.errors;
  expectAll(ended.output, {"  needs     roam::e2e::inPlainObject(int): no code in this file",
                           "  needs     roam::e2e::callsBumpCounter(): uses the variable"});
  EXPECT_EQ(ended.output.find("needs     crc32"), std::string::npos);
  EXPECT_EQ(ended.output.find("needs     roam::e2e::total"), std::string::npos);
}

TEST_F(AcrossFiles, ABundleOfThisProgramHoldsTheDigestsThatItSends) {
  Peers peers(1);
  Cluster one = connect(peers.addresses());
  Line line{4, 2.375, "rope"};
  EXPECT_EQ(one.async([] { return 17; }).get(), 17);
  EXPECT_EQ(one.async([line] { return total(line) + 1; }).get(), 10.5);
  EXPECT_EQ(one.async([] { return isEven(4) && compressBound(3) > 0; }).get(), true);
  EXPECT_EQ(one.async([] { return nextTicket(); }).get(), 7);
  EXPECT_EQ(one.async([] { return title; }).get(), title);
  std::vector<std::string> digests = peers[0].digests();
  EXPECT_EQ(digests.size(), 5u);

  TemporaryFolder folder;
  std::string bundle = folder.path() + "/across.roam";
  Ended made =
      run({builtProgram("roam"), "bundle", "-o", bundle, builtProgram("roam-e2e-across-files")});
  EXPECT_EQ(made.status, 0) << made.errors;
  expectAll(made.errors, {"left out: the closure at ", "inPlainObject", "callsBumpCounter"});
  std::string shown = run({builtProgram("roam"), "bundle", "show", "--plain", bundle}).output;
  for (const std::string& digest : digests)
    EXPECT_NE(shown.find(digest + '\t'), std::string::npos) << digest << " is not in\n" << shown;
}

} // namespace
} // namespace roam::e2e
