// Every maximum of Roam's network and peers, each with its reason. Nothing waits or grows without
// one of these.
#pragma once
#include <cstddef>
#include <cstdint>
#include <kj/time.h>

namespace roam::limits {

/// One encoded chunk, in either direction. Cap'n Proto's Data ends at 2^29 bytes; half of that
/// leaves room for the captures.
inline constexpr std::size_t chunkBytes = 256u << 20;
/// One slice. The largest seen in real programs (formatting and regex libraries) are near 500 KB.
inline constexpr std::size_t sliceBytes = 16u << 20;
/// What is told of a slice for people: a place, and the types of captures, arguments and result.
/// Those of the standard library take 100 bytes each.
inline constexpr std::size_t descriptionBytes = 4096;
/// What a Cap'n Proto message may hold, in words: a chunk, its captures and its slices. Raised on
/// both ends alike, since Cap'n Proto checks a message against the sender's own limit too.
inline constexpr std::uint64_t messageWords = (2 * chunkBytes + (64u << 20)) / 8;
/// Memory of large messages that a host, or an origin's connection, keeps for the next ones, in
/// bytes: warm pages for data of ordinary size.
inline constexpr std::size_t messageMemory = 64u << 20;
/// Slices named in one have, put or get.
inline constexpr std::size_t slicesPerRequest = 1024;
/// Slices a host keeps in memory, in bytes; the least recently used go first. An origin sends again
/// what was dropped.
inline constexpr std::size_t storeBytes = 512u << 20;
/// Chunks of one connection that wait or run at a host. More are refused as overloaded: an origin
/// keeps two a worker.
inline constexpr std::size_t chunksInFlight = 4096;
/// What those chunks may hold together, in bytes of captures and arguments: eight of the largest. A
/// single one is always taken.
inline constexpr std::size_t bytesInFlight = 16 * chunkBytes;
/// The same for all connections of a host together: an origin that brings more than is done does
/// not take the memory of the machine.
inline constexpr std::size_t bytesAtHost = 2 * bytesInFlight;
/// One compiled object. Far above what the largest slice gives.
inline constexpr std::size_t objectBytes = 64u << 20;
/// Objects that travel with one slice: those of a bundle that run on the host, for several levels
/// and kinds of CPU.
inline constexpr std::size_t objectsPerSlice = 8;
/// Objects that one connection asks a host for at the same time. Each may compile.
inline constexpr std::size_t objectsAsked = 256;
/// An address: those of sockets in the file system end at 108.
inline constexpr std::size_t addressBytes = 256;
/// Other peers that one origin introduces to a peer.
inline constexpr std::size_t neighbours = 1024;
/// Slices that one answer tells about, 200 bytes each or some more for the description.
inline constexpr std::size_t codesPerAnswer = 1024;
/// Objects a peer keeps in memory, so that its workers link what one of them compiled; the least
/// recently used go first.
inline constexpr std::size_t objectStoreBytes = 256u << 20;
/// Digests a peer remembers something of, and what that takes of the limit of objects for each, in
/// bytes, besides the object.
inline constexpr std::size_t codesKnown = 65536;
inline constexpr std::size_t codeKnown = 512;
/// What the entries that a worker has loaded may take, in bytes, and one besides its object.
inline constexpr std::size_t codeLoaded = 256u << 20;
inline constexpr std::size_t entryLoaded = 12u << 10;
/// How often each was used is remembered of one for so many bytes of code that a worker may load.
inline constexpr std::size_t bytesPerUse = codeLoaded / codesKnown;
/// Entries a worker process keeps loaded; the least recently used are unloaded. Each has two to
/// four memory mappings, of which Linux allows a process 65,530.
inline constexpr std::size_t entriesLoaded = 2048;
/// Entries of the libraries that a peer loads; 32 bytes each, in the memory shared with a worker.
inline constexpr std::size_t linkedEntries = 65536;
/// Chunks of all connections that wait for a worker of this peer. More are refused as overloaded.
inline constexpr std::size_t chunksWaiting = 16384;
/// Workers that one digest may end before it is quarantined, within how long, and of how many
/// digests that is counted.
inline constexpr unsigned workersEnded = 3;
inline constexpr kj::Duration endsRemembered = 10 * kj::MINUTES;
inline constexpr std::size_t endsKnown = 4096;
/// Digests in quarantine; the one that is there longest goes first.
inline constexpr std::size_t quarantined = 4096;
/// Frames that are told of a stack, and the bytes of a line of it.
inline constexpr std::size_t stackFrames = 64;
inline constexpr std::size_t stackLine = 1024;
/// Chunks at one worker: one runs, the next lies ready, so that the worker never waits for the
/// supervisor.
inline constexpr unsigned chunksAtWorker = 2;
/// Memory that each area shared with a worker keeps after a large chunk: hot pages for data of
/// ordinary size.
inline constexpr std::size_t sharedKept = 8u << 20;
/// How often an origin sends one slice again to a host that keeps answering that it is missing.
inline constexpr unsigned shipments = 4;
/// Results that an origin keeps for a caller who does not take them. More chunks are sent when half
/// of them were taken.
inline constexpr std::size_t readyBytes = 256u << 20;
/// Chunks that a peer runs at the same time. More than the cores of any machine; an origin sends as
/// much as a peer says it can run, so it must not believe everything.
inline constexpr unsigned workers = 1024;
/// A line that shipped code prints; longer ones come in pieces.
inline constexpr std::size_t outputLine = 8192;
/// Lines that wait for a reader, in bytes: for the peer's own output, for an origin, and there for
/// the caller. More are dropped, and a line says how many.
inline constexpr std::size_t outputWaiting = 1u << 20;
/// What one message to an origin holds of them.
inline constexpr std::size_t outputBatch = 64u << 10;
/// Connections a host serves at the same time. Each costs a descriptor and about 100 KB.
inline constexpr std::size_t connections = 1024;

/// The key of an entry in a cluster's store, and its value. etcd takes 1.5 MB in one request.
inline constexpr std::size_t storeKeyBytes = 1024;
inline constexpr std::size_t storeValueBytes = 512u << 10;
/// Of what a store is told apart from others by.
inline constexpr std::size_t storeIdentityBytes = 16;
/// Conditions, and writes, of one commit; and what its values may hold together. As etcd's own
/// defaults.
inline constexpr std::size_t storeWrites = 128;
inline constexpr std::size_t storeCommitBytes = 1u << 20;
/// Events of peers that wait for one watcher.
inline constexpr std::size_t peerEvents = 65536;
/// Names that one push switches: a condition and a write each.
inline constexpr std::size_t namesPerPush = storeWrites;
/// Revisions of a name that are kept to go back to.
inline constexpr std::size_t namesHistory = 16;
/// What the captures of a closure that is bound to a name may take, encoded: it is in each of the
/// name's revisions.
inline constexpr std::size_t boundCaptures = 64u << 10;
/// What one answer of a store holds: a part of a listing, or changes. A single revision that is
/// larger is not split.
inline constexpr std::size_t storeAnswerBytes = 4u << 20;
/// What a store may take on its disk, or in memory. As etcd's own default.
inline constexpr std::uint64_t storeFileBytes = 2ull << 30;
/// Values that were replaced or removed, which the embedded store keeps for watches that were cut
/// off. A watch that missed more lists again.
inline constexpr std::size_t storeHistoryBytes = 64u << 20;
/// The latest changes, which the embedded store has in memory for all watches that keep up.
inline constexpr std::size_t storeRecentBytes = 4u << 20;
/// Calls, and the bytes they bring, that wait for the embedded store. More are refused as
/// overloaded.
inline constexpr std::size_t storeCallsWaiting = 16384;
inline constexpr std::size_t storeBytesWaiting = 64u << 20;
/// Of one connection to a store: watches, leases that have not ended, listings of which parts are
/// still to be fetched, and calls that wait for an answer. A peer needs one lease and a few of the
/// others, and may pass on those of as many peers.
inline constexpr std::size_t storeWatches = 1024;
inline constexpr std::size_t storeLeases = 1024;
inline constexpr std::size_t storeListings = 64;
inline constexpr std::size_t storeCalls = 1024;
/// Entries removed in one revision when a lease ends; the rest in the next.
inline constexpr std::size_t storeLeaseEntries = 65536;

/// Addresses that one place of discovery gives, and clusters' names, in bytes.
inline constexpr std::size_t addressesFound = 1024;
inline constexpr std::size_t clusterNameBytes = 64;
/// Where peers look for each other by multicast, if nothing else was chosen. 239.255/16 stays
/// within a site (RFC 2365).
inline constexpr const char* multicastGroup = "239.255.77.77:7077";
/// What a command that finds peers may print.
inline constexpr std::size_t commandOutputBytes = 64u << 10;
/// A datagram of discovery: one frame of an Ethernet. And how many are looked at in a second.
inline constexpr std::size_t datagramBytes = 1400;
inline constexpr unsigned datagramsPerSecond = 1000;
/// A roam.toml.
inline constexpr std::size_t configurationBytes = 1u << 20;
/// A peer's file in a registry folder. Ours have 200 bytes.
inline constexpr std::size_t registryFileBytes = 4096;

/// An ObjectTarget as text: one for each CPU feature there is takes 2,500 bytes.
inline constexpr std::size_t targetBytes = 8192;

/// To reach a peer and hear its hello. Long enough for a loaded machine, short enough for a person.
inline constexpr kj::Duration connect = 5 * kj::SECONDS;
/// For a peer that is connected to be in the list of members.
inline constexpr kj::Duration registration = 1 * kj::SECONDS;
/// For a member that must be there (--require) to come.
inline constexpr kj::Duration required = 60 * kj::SECONDS;
/// A connection that has not said hello by then is closed, so that half-open ones do not pile up.
inline constexpr kj::Duration hello = 10 * kj::SECONDS;
/// For a host to tell an origin why it hangs up.
inline constexpr kj::Duration farewell = 1 * kj::SECONDS;
/// From one sign of life of a peer to the next question for one. This and the next two together are
/// what a peer that stands still costs: 2 s. The kernel would not tell: it answers for a stopped
/// process.
inline constexpr kj::Duration heartbeat = 400 * kj::MILLISECONDS;
/// A peer that shows no sign of life for this long after it was asked is lost: what it was running
/// goes elsewhere. A loaded machine keeps a process from its processor for tenths of a second.
inline constexpr kj::Duration silence = 1500 * kj::MILLISECONDS;
/// Between two looks for signs of life.
inline constexpr kj::Duration signLook = 100 * kj::MILLISECONDS;
/// When such a look comes so late, this process itself has stood still, and heard nothing.
inline constexpr kj::Duration stoodStill = 500 * kj::MILLISECONDS;
/// An origin that shows no sign of life for this long is lost to the host, and what the host has of
/// it is dropped: an origin asks each `heartbeat`. Long, so that a program may be looked at in a
/// debugger for a moment, or be busy where it encodes.
inline constexpr kj::Duration originSilence = 30 * kj::SECONDS;
/// Between two looks at whether an origin shows some.
inline constexpr kj::Duration originLook = 1 * kj::SECONDS;
/// For another peer to compile an object and send it; one that is silent is lost much sooner. The
/// slowest slices take a tenth of it.
inline constexpr kj::Duration objectFetch = 60 * kj::SECONDS;
/// For all other peers to say whether they have an object. Compiling takes some milliseconds, and
/// waits for this.
inline constexpr kj::Duration objectAsk = 100 * kj::MILLISECONDS;
/// Between two tries to reach another peer for its objects.
inline constexpr kj::Duration neighbourRetry = 2 * kj::SECONDS;
/// A connection to another peer that was asked for nothing for so long is closed: it costs both a
/// sign of life each second.
inline constexpr kj::Duration neighbourIdle = 60 * kj::SECONDS;
/// For a store to answer, the way there included.
inline constexpr kj::Duration storeAnswer = 5 * kj::SECONDS;
/// A peer is a member of its cluster for so long after the store last heard of it, and says so
/// three times meanwhile.
inline constexpr kj::Duration memberLease = 3 * kj::SECONDS;
/// How long a lease may be granted for. etcd takes no shorter ones than 2 s, and whole seconds.
inline constexpr kj::Duration storeLeaseLongest = 24 * kj::HOURS;
/// When the embedded store finds a lease to have ended so long ago, the store's process itself has
/// stood still, and could not hear that the lease was kept alive: it is granted its time again.
inline constexpr kj::Duration storeStoodStill = 1 * kj::SECONDS;
/// Between tries to write that a lease has ended, to a disk that takes nothing.
inline constexpr kj::Duration storeEndRetry = 1 * kj::SECONDS;
/// Between tries to reach a store that was lost.
inline constexpr kj::Duration storeRetry = 100 * kj::MILLISECONDS;
/// Between two looks at a registry folder. Changes on this machine are seen at once; those made on
/// others (NFS) only by looking.
inline constexpr kj::Duration folderRescan = 1 * kj::SECONDS;
/// A folder is not looked at again sooner than after this, however much changes in it.
inline constexpr kj::Duration folderQuiet = 5 * kj::MILLISECONDS;
/// For a folder, or the DNS, to answer, before the first round goes on without it.
inline constexpr kj::Duration discoveryAnswer = 5 * kj::SECONDS;
/// Between two questions for a name.
inline constexpr kj::Duration nameRepeat = 5 * kj::SECONDS;
/// For a command that prints addresses; then it is killed. Those of clouds take some seconds.
inline constexpr kj::Duration commandTime = 10 * kj::SECONDS;
/// From the end of such a command to its next run.
inline constexpr kj::Duration commandRepeat = 10 * kj::SECONDS;
/// For what an ended command wrote to its standard error to be read.
inline constexpr kj::Duration commandErrors = 100 * kj::MILLISECONDS;
/// For peers of this network to answer by multicast, in the first round; after an answer, only for
/// so long without another one.
inline constexpr kj::Duration multicastAnswer = 100 * kj::MILLISECONDS;
inline constexpr kj::Duration multicastQuiet = 15 * kj::MILLISECONDS;
/// Between two answers of one peer: each is heard by all who asked.
inline constexpr kj::Duration multicastGap = 10 * kj::MILLISECONDS;
/// From the first question to the second; then three times as long each time, up to the last.
inline constexpr kj::Duration multicastRepeat = 30 * kj::MILLISECONDS;
inline constexpr kj::Duration multicastLastRepeat = 10 * kj::SECONDS;
/// A peer that was not heard of for so long and answers again has come back.
inline constexpr kj::Duration multicastGone = 35 * kj::SECONDS;
/// Between tries to open a multicast socket.
inline constexpr kj::Duration multicastRetry = 1 * kj::SECONDS;
/// Between two lines of the log about datagrams that are ignored.
inline constexpr kj::Duration multicastTold = 60 * kj::SECONDS;
/// Between tries to accept when the process is out of file descriptors.
inline constexpr kj::Duration acceptRetry = 100 * kj::MILLISECONDS;
/// Near the end of a map, a chunk that takes so many times what it should, and so much more, is sent
/// to an idle peer, too. Twice is what a chunk takes that waits behind another; the rest is for
/// elements that are not alike.
inline constexpr double hedgeTimes = 3;
inline constexpr kj::Duration hedgeLeast = 100 * kj::MILLISECONDS;
/// Between two looks for such chunks.
inline constexpr kj::Duration hedgeLook = 20 * kj::MILLISECONDS;
/// Before a chunk is offered again to a peer that had no room for it.
inline constexpr kj::Duration overloadedRetry = 10 * kj::MILLISECONDS;
/// Before a peer that turned a chunk away is asked again.
inline constexpr kj::Duration turnedAwayRetry = 100 * kj::MILLISECONDS;
/// For one slice to be compiled. The largest seen take 2 s; then the compiler is ended.
inline constexpr kj::Duration compile = 120 * kj::SECONDS;
/// A compiler process that has nothing to do. Its start costs 15 ms, its memory 50 MB.
inline constexpr kj::Duration compilerIdle = 60 * kj::SECONDS;
/// For a worker or compiler process to start: 2 ms, or 15 with LLVM, on an idle machine.
inline constexpr kj::Duration workerStart = 30 * kj::SECONDS;
/// Between tries to start a worker process after one that could not be started.
inline constexpr kj::Duration workerRetry = 1 * kj::SECONDS;
/// For code that nobody waits for any more to see that (`roam::cancelled()`) and return; then its
/// worker process is ended. Short: meanwhile the worker does nothing else.
inline constexpr kj::Duration cancelGrace = 2 * kj::SECONDS;
/// Between two looks at what processor time running chunks have used, if that is limited.
inline constexpr kj::Duration cpuLook = 250 * kj::MILLISECONDS;
/// For a peer of a private cluster to end its workers and itself when asked; then it is killed.
inline constexpr kj::Duration peerEnd = 5 * kj::SECONDS;

} // namespace roam::limits
