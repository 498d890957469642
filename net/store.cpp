// What no store takes, whatever its engine.
#include "net/store.h"
#include "net/exceptions.h"
#include "net/limits.h"
#include <kj/string.h>
#include <set>
#include <string_view>

namespace roam::net {
namespace {

[[noreturn]] void refuse(kj::String why) {
  kj::throwFatalException(failed(kj::mv(why)));
}

void checkCount(std::size_t count, const char* what) {
  if (count > limits::storeWrites)
    refuse(kj::str("a commit of ", count, " ", what, "; a store takes ", limits::storeWrites));
}

} // namespace

void checkKey(const std::string& key) {
  if (key.empty())
    refuse(kj::str("an entry of a store has a key; this one is empty"));
  if (key.size() > limits::storeKeyBytes)
    refuse(kj::str("a key of ", key.size(), " bytes; a store takes ", limits::storeKeyBytes));
}

void checkCommit(const std::vector<StoreCondition>& conditions,
                 const std::vector<StoreWrite>& writes) {
  checkCount(conditions.size(), "conditions");
  checkCount(writes.size(), "writes");
  for (auto& condition : conditions)
    checkKey(condition.key);
  std::set<std::string_view> keys;
  std::size_t bytes = 0;
  for (auto& write : writes) {
    checkKey(write.key);
    if (!keys.insert(write.key).second)
      refuse(kj::str("one commit writes the key '", write.key.c_str(), "' twice"));
    const std::size_t size = write.value ? write.value->size() : 0;
    if (size > limits::storeValueBytes)
      refuse(kj::str("the value of '", write.key.c_str(), "' has ", size, " bytes; a store takes ",
                     limits::storeValueBytes));
    bytes += size;
  }
  if (bytes > limits::storeCommitBytes)
    refuse(kj::str("the values of one commit have ", bytes, " bytes; a store takes ",
                   limits::storeCommitBytes));
}

void checkLeaseTime(kj::Duration time) {
  if (time <= 0 * kj::SECONDS || time > limits::storeLeaseLongest)
    refuse(kj::str("a lease of ", time / kj::MILLISECONDS, " ms; a store grants up to ",
                   limits::storeLeaseLongest / kj::HOURS, " hours"));
}

kj::Exception compactedException(Revision after) {
  return failed(kj::str("what changed after revision ", after, " ", compactedWords,
                        "; list again, and watch from there"));
}

kj::Exception leaseEndedException() {
  return failed("the lease has ended");
}

} // namespace roam::net
