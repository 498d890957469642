@0xc3b9b6f2a7d14e55;
# How two Roam processes speak. This file is the protocol's documentation.
#
# A connection is a byte stream (TCP or a Unix socket) that carries Cap'n Proto RPC between two
# vats. The dialling side is the origin: it sends closures. The accepting side is the host: it runs
# them. The host's bootstrap capability is `Peer`.
#
#   origin                                         host
#     | -- bootstrap, Peer.hello(mine) ------------> | once; refused if platforms differ
#     | <------------- (its hello, a Session) ------ |
#     | -- have([digest]) -------------------------> | first time a digest is met here
#     | <------------------------- missing [digest]  |
#     | -- run(entry, captures, arguments, slice) -> | slice only if missing, only now
#     | <---------------------- results, or failure  |
#     | -- run(entry, captures, arguments) --------> | from now on: no code
#     | <---------------------- results, or failure  |
#
# Calls on one Session arrive in the order they were sent, so requests sent right behind the one
# with the slice need not carry it. If a host has dropped a slice meanwhile, `run` answers `missing`
# and the origin sends it again.
#
# Sizes are limited on both sides by net/limits.h. Integers are little endian. Digests are 32 bytes
# (BLAKE3-256). Evolution: fields and methods are only added; `protocol` in Hello changes only when
# an old peer could misread a message.

using Cxx = import "/capnp/c++.capnp";
using import "store.capnp".Store;
$Cxx.namespace("roam::protocol");

const protocolVersion :UInt16 = 1;

interface Peer {
  # What everyone who can connect may reach.

  hello @0 (hello :Hello) -> (hello :Hello, session :Session);
  # Says who is there and gives the session through which closures are sent. Fails, with the
  # difference in words, if the protocol or the platform does not match, and if it was said before:
  # a connection has one session.
}

struct Hello {
  protocol @0 :UInt16;   # protocolVersion of the sender
  platform @1 :Text;     # Platform::toString(): triple, C++ ABI, standard library, LLVM major
  name @2 :Text;         # for people: "host:pid"; need not be unique
  workers @3 :UInt32;    # how many chunks run at the same time; 0 for an origin that hosts nothing
  roam @4 :Text;         # Roam's version
  dictionary @5 :Data;   # digest of the dictionary of the sender's packed slices; empty: unpacks none
  target @6 :Text;       # ObjectTarget::toText(): the machine code that the sender's workers run;
                         # empty for an origin, and for a host that takes no objects
  cluster @7 :Text;      # the name of the sender's cluster; empty if it has none. If both have one, and
                         # they differ, hello fails.
  address @8 :Text;      # where the sender listens, as the members of its cluster know it, however it was
                         # reached; empty for an origin, and for a host in no cluster
}

interface Session {
  # What an origin may ask of a host. Closing the connection cancels what still waits for it.

  run @0 Chunk -> ChunkResult;
  # Runs one entry over a chunk of arguments. Cancelling the call takes it out of the queue; a chunk
  # that has begun runs to its end and its results are dropped.

  have @1 (digests :List(Data)) -> (missing :List(Data));
  # Which of these slices the host does not have.

  put @2 (slices :List(Slice));
  # Brings slices ahead of the first run. Each digest is verified before the slice is kept; one that
  # does not match fails the call and none of that call's slices is kept.

  get @3 (digests :List(Data)) -> (slices :List(Slice));
  # Gives those of the slices that the host has, as far as they fit in limits::chunkBytes; ask again
  # for the rest.

  status @4 () -> (status :Status);

  ping @5 ();
  # Answers at once, from the event loop: a peer that does not answer is silent, whatever its
  # workers do.

  object @6 (digest :Data, target :Text, mayCompile :Bool, slices :List(Slice)) -> ObjectAnswer;
  # Gives the host's object of a slice to a peer of the same target, which is what its hello would
  # say. If the host is compiling it, the answer comes when it is there. If `mayCompile` is set and
  # there is none, the host makes it, and wants the slice first if it lacks it. A host that itself
  # waits for another peer's object of this slice answers `none`, so that no two wait for each other.

  codes @7 (digests :List(Data), after :Data) -> (codes :List(CodeStatus), more :Bool);
  # What the host knows of these slices, or of all if none are named; those it has not met are left
  # out. In ascending order of digests, at most limits::codesPerAnswer; if there are more, ask again
  # with `after` as the last one that came.

  neighbours @8 (you :Text, others :List(Neighbour));
  # Introduces the peers of a cluster to each other: the origin says under which address it knows the
  # host, and which other peers it is connected to. Replaces what this connection said before, and
  # counts as long as the connection is open. At most limits::neighbours. The host dials them when it
  # needs an object.

  drain @9 (name :Text);
  # The host takes no new work, finishes what it has, and then leaves. Answers when it takes none.
  # The name is that of its hello: what is meant for another peer fails.

  store @10 (asker :Text) -> (store :Store, keeper :Text);
  # The store of the host's cluster, wherever it is. If another peer keeps it, `keeper` is where that
  # listens, and calls are passed on. Fails while the host does not know where it is. A peer that
  # looks for the store says where it listens itself, so that the host knows of it when it decides
  # whether to be the first; others leave `asker` empty.
}

interface OutputReader {
  # Given by an origin that wants to read what its code prints.
  lines @0 (lines :List(OutputLine));
}

struct OutputLine {
  text @0 :Text;         # without its end
  isError @1 :Bool;      # it was written to standard error
}

struct Neighbour {
  address @0 :Text;
  target @1 :Text;       # as in its Hello
}

struct Slice {
  digest @0 :Data;       # BLAKE3-256 of the code, unpacked
  union {
    code @1 :Data;       # as it is
    packed @2 :Data;     # a zstd frame that says its size; only for whoever has the same dictionary
  }
  description @3 :Text;  # for people, and only shown: Description::toText() of the entry, without
                         # what its code says itself. At most limits::descriptionBytes; not part of
                         # the digest
  objects @4 :List(Data); # CompiledObjects made from it that run on the host, as written, the best
                          # first; at most limits::objectsPerSlice. They are believed as the slice is: who may send
                          # one may send the other.
}

struct CodeStatus {
  digest @0 :Data;
  description @1 :Text;          # as in Slice
  rung @2 :Rung;                 # where its machine code came from
  cpu @3 :Text;                  # that the code is tuned for
  level @4 :UInt8;               # as of clang's -O
  sliceBytes @5 :UInt64;         # 0 if the host has no slice of it
  objectBytes @6 :UInt64;
  compileNanoseconds @7 :UInt64; # wherever it was compiled
  calls @8 :UInt64;              # chunks done here since the peer started
  elements @9 :UInt64;
  runNanoseconds @10 :UInt64;    # wall time inside the entry

  enum Rung {
    # In the order in which they are tried.
    none @0;      # there is no code yet
    linked @1;    # into the peer, or into a library it loaded
    memory @2;
    bundle @3;
    disk @4;
    peer @5;      # another peer gave the object
    shipped @6;   # the object came along with the slice
    compiled @7;  # here
  }
}

struct ObjectAnswer {
  union {
    none @0 :Void;
    object @1 :Data;     # a CompiledObject as written
    wantSlice @2 :Void;  # ask again, with the slice
    refused @3 :Text;    # why the slice gives no object here, or the question no answer
  }
}

struct Chunk {
  entry @0 :Data;        # digest of the entry's slice
  captures @1 :Data;     # encoded once a closure
  arguments @2 :Data;    # `count` encoded arguments, one after another
  count @3 :UInt64;
  first @4 :UInt64;      # index of the first element in the whole job, for error messages
  slices @5 :List(Slice); # those the host was missing
  home @6 :Bool;         # it uses peer-local variables: all such chunks run in one worker process
  onlyLink @8 :Bool;     # make the code ready to run, and run nothing: find or make its machine code,
                         # and link it in a worker. There are no captures and no arguments.
  output @7 :OutputReader; # gets what the code prints, before the results are sent; null: nobody
}

struct ChunkResult {
  union {
    results @0 :Data;            # `count` encoded results, one after another
    failure @1 :Failure;
    missing @2 :List(Data);      # nothing was run: send these slices and ask again
    turnedAway @4 :Text;         # nothing was run, for the host takes no work now: it leaves, or is not
                                 # level with its cluster. Says which.
  }
  runNanoseconds @3 :UInt64;     # wall time inside the entry
  leaves @5 :Bool;               # the host takes no work any more; also beside what it still did
}

struct Failure {
  kind @0 :Kind;
  type @1 :Text;         # thrown: the exception's type, demangled
  message @2 :Text;      # for people: what() of the exception, or what went wrong
  element @3 :UInt64;    # index of the element in the whole job
  code @4 :Int64;        # thrown: the value of a std::error_code, for std::system_error
  category @5 :Text;     # thrown: the name of its category
  signal @6 :Int32;      # workerDied: the signal that ended the process; 0 if it exited
  exitStatus @7 :Int32;  # workerDied: with which it exited
  stack @8 :List(Text);  # workerDied: the shipped code's frames, the innermost first; at most
                         # limits::stackFrames lines. Empty if the process could not tell.
  mayHaveRun @9 :Bool;   # workerDied: elements of the chunk may have run, in part or as a whole

  enum Kind {
    thrown @0;           # the shipped code threw
    badCaptures @1;      # the captures could not be decoded
    badArguments @2;     # the arguments could not be decoded
    badSlice @3;         # the slice is damaged, has no entry, or needs a symbol this host lacks
    workerDied @4;       # the process that ran the chunk ended; the chunk may have run in part
    limit @5;            # a limit of net/limits.h was met
    quarantined @6;      # this code has ended too many workers, and is not run until it is released
    forbidden @7;        # the connection has no right to it; nothing was run
  }
}

struct Status {
  name @0 :Text;
  workers @1 :UInt32;
  slices @2 :UInt64;             # held now
  sliceBytes @3 :UInt64;
  chunksDone @4 :UInt64;         # since the peer started
  elementsDone @5 :UInt64;
  slicesReceived @6 :UInt64;     # over connections, since the peer started
  compiled @7 :UInt64;           # slices compiled here since the peer started
  cacheHits @8 :UInt64;          # slices answered by an object on disk
  workersLost @9 :UInt64;
  connections @10 :UInt32;
  # The other places where code was found, counted like `compiled` and `cacheHits`. They are tried in
  # the order of `Rung`.
  linked @11 :UInt64;            # entries that were linked into the peer, or into a library it loaded
  memory @12 :UInt64;            # objects the peer had in memory when another worker needed them
  bundled @13 :UInt64;           # objects of a bundle
  fromPeers @14 :UInt64;         # objects that another peer gave
  shipped @15 :UInt64;           # objects that came along with the slice
  tuned @16 :UInt64;             # compiled again in the background, for what ran much
  leaving @17 :Bool;             # it takes no work any more
  chunksOpen @18 :UInt32;        # wait or run now, for all origins
}
