// Exceptions of KJ from words, by what whoever gets one may do next.
#pragma once
#include <kj/exception.h>
#include <kj/string.h>

namespace roam::net {

inline kj::Exception exceptionOf(kj::Exception::Type type, kj::StringPtr why) {
  return kj::Exception(type, __FILE__, __LINE__, kj::heapString(why));
}

/// Trying again does not help.
inline kj::Exception failed(kj::StringPtr why) {
  return exceptionOf(kj::Exception::Type::FAILED, why);
}
/// Trying again elsewhere, or with another connection, may.
inline kj::Exception disconnected(kj::StringPtr why) {
  return exceptionOf(kj::Exception::Type::DISCONNECTED, why);
}
/// Trying again later may.
inline kj::Exception overloaded(kj::StringPtr why) {
  return exceptionOf(kj::Exception::Type::OVERLOADED, why);
}

} // namespace roam::net
