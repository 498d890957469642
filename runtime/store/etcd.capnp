@0xb8f3d0c2a9e75146;
# The messages of etcd 3.4's JSON gateway that the store uses; etcd's rpc.proto explains them. Numbers of
# 64 bits travel as text, bytes in base64, and what has its default value is left out.

using Cxx = import "/capnp/c++.capnp";
using Json = import "/capnp/compat/json.capnp";
$Cxx.namespace("roam::etcd");

struct Header { revision @0 :Int64; }

struct KeyValue {
  key @0 :Data $Json.base64;
  value @1 :Data $Json.base64;
  modRevision @2 :Int64 $Json.name("mod_revision");
  lease @3 :Int64;
}

struct RangeRequest {
  key @0 :Data $Json.base64;
  rangeEnd @1 :Data $Json.base64 $Json.name("range_end");
  limit @2 :Int64;
  revision @3 :Int64;
}
struct RangeAnswer {
  header @0 :Header;
  kvs @1 :List(KeyValue);
  more @2 :Bool;
}

struct PutRequest {
  key @0 :Data $Json.base64;
  value @1 :Data $Json.base64;
  lease @2 :Int64;
}
struct DeleteRequest { key @0 :Data $Json.base64; }

struct Compare {
  target @0 :Text;
  result @1 :Text;
  key @2 :Data $Json.base64;
  modRevision @3 :Int64 $Json.name("mod_revision");
}
struct Operation {
  range @0 :RangeRequest $Json.name("request_range");
  put @1 :PutRequest $Json.name("request_put");
  delete @2 :DeleteRequest $Json.name("request_delete_range");
}
struct OperationAnswer { range @0 :RangeAnswer $Json.name("response_range"); }
struct TxnRequest {
  compare @0 :List(Compare);
  success @1 :List(Operation);
  failure @2 :List(Operation);
}
struct TxnAnswer {
  header @0 :Header;
  succeeded @1 :Bool;
  responses @2 :List(OperationAnswer);
}

struct GrantRequest { ttl @0 :Int64 $Json.name("TTL"); }
struct LeaseRequest { id @0 :Int64 $Json.name("ID"); }
struct LeaseAnswer {
  id @0 :Int64 $Json.name("ID");
  ttl @1 :Int64 $Json.name("TTL");   # absent for a lease that has ended
}
struct KeepAliveAnswer { result @0 :LeaseAnswer; }
struct RevokeAnswer { header @0 :Header; }

struct WatchRequest { create @0 :WatchCreate $Json.name("create_request"); }
struct WatchCreate {
  key @0 :Data $Json.base64;
  rangeEnd @1 :Data $Json.base64 $Json.name("range_end");
  startRevision @2 :Int64 $Json.name("start_revision");
  progressNotify @3 :Bool $Json.name("progress_notify");
  fragment @4 :Bool;
}
struct WatchLine {
  result @0 :WatchAnswer;
  error @1 :Error;
}
struct WatchAnswer {
  header @0 :Header;
  created @1 :Bool;
  canceled @2 :Bool;
  compactRevision @3 :Int64 $Json.name("compact_revision");
  events @4 :List(Event);
  fragment @5 :Bool;      # more of the last event's revision may come
}
struct Event {
  type @0 :Text;          # DELETE, or absent
  kv @1 :KeyValue;
}

struct Error {
  code @0 :Int32;         # of gRPC
  message @1 :Text;
}
