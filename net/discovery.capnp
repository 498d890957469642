@0xb3c1d5e7f9a10243;
# How peers of one network find each other by multicast.
#
# A datagram is eight bytes, "roam", the version (1) and three zeros, and then this message in its
# plain form (one segment, not packed). Everything goes to the group, so an answer serves all who
# have asked. What is of another version, of another cluster or damaged is ignored.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("roam::protocol");

struct Datagram {
  cluster @0 :Text;
  sender @1 :UInt64;
  # A number that a process drew when it began: it ignores what it sent itself.

  union {
    query @2 :Void;
    addresses @3 :List(Text);
    # Where the sender listens: an answer, or said unasked when it begins.
  }
}
