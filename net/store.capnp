@0xd2a7a6d0c54e8a31;
# How a peer serves its cluster's store to others. net/store.h says what each call means; which engine
# is behind it does not show.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("roam::protocol");

interface Store {
  identity @0 () -> (identity :Data);
  get @1 (key :Data) -> (found :Bool, entry :StoreEntry);
  list @2 (prefix :Data) -> (entries :List(StoreEntry), revision :UInt64, rest :StoreListing);
  # Ascending by key, as much as fits in limits::storeAnswerBytes. All of the rest, too, is as it was
  # at this revision; null if there is none.

  commit @3 (conditions :List(StoreCondition), writes :List(StoreWrite)) -> (done :Bool, revision :UInt64);
  watch @4 (prefix :Data, after :UInt64) -> (watch :StoreWatch);
  grant @5 (milliseconds :UInt64) -> (lease :UInt64);
  keepAlive @6 (lease :UInt64);
  revoke @7 (lease :UInt64);
}

interface StoreListing {
  next @0 () -> (entries :List(StoreEntry), more :Bool);
  # The next entries of a listing. Drop it when there are no more.
}

interface StoreWatch {
  next @0 () -> (events :List(StoreEvent), revision :UInt64);
  # Answers when there are changes. One call at a time.
}

struct StoreEntry {
  key @0 :Data;
  value @1 :Data;
  modified @2 :UInt64;
  lease @3 :UInt64;
}

struct StoreCondition {
  key @0 :Data;
  modified @1 :UInt64;
}

struct StoreWrite {
  key @0 :Data;
  union {
    value @1 :Data;
    removed @2 :Void;
  }
  lease @3 :UInt64;
}

struct StoreEvent {
  revision @0 :UInt64;
  key @1 :Data;
  union {
    value @2 :Data;
    removed @3 :Void;
  }
}

# --- what a cluster keeps in its store ---------------------------------------------------------
#
#     members/ADDRESS         Member      of each peer, with its lease
#     names/NAME              Binding     in force
#     history/NAME@REVISION   Binding     the latest of each name, REVISION in 20 digits
#     code/DIGEST             CodeSize    written anew with each binding to it
#     code/DIGEST/PART        bytes       of the slice or slice group, PART in 4 digits

struct Member {
  name @0 :Text;         # as in its Hello
  workers @1 :UInt32;
  target @2 :Text;
  leaving @3 :Bool;      # it takes no new work, and ends when what it has is done
  started @4 :Int64;     # seconds since 1970, by its own clock; for people
}

struct Binding {
  revision @0 :UInt64;   # of the name: 1, 2, 3...
  digest @1 :Data;       # of the code
  signature @2 :Text;    # "double (double)": what roam::live must be asked with
  captures @3 :Data;     # encoded, of the closure that was bound
  home @4 :Bool;         # as in Chunk
  description @5 :Text;  # as in Slice
  boundBy @6 :Text;      # name of the process that did it
  boundAt @7 :Int64;     # seconds since 1970, by its clock; for people
  copyOf @8 :UInt64;     # a rollback: the revision that this one repeats; else 0
}

struct CodeSize {
  bytes @0 :UInt64;
}
