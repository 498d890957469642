@0xe1c5b9a0d7f24836;
# What Roam is measured against: typed calls of fixed code, with nothing of Roam's in between.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("roam::bench");

interface Baseline {
  noop @0 (x :UInt64) -> (y :UInt64);
  square @1 (xs :Data, offset :Int64) -> (ys :Data);   # y = x * x + offset over int64
  axpb @2 (xs :Data) -> (ys :Data, sum :Float64);      # y = 2 x + 1 over double
}
