// Gives KJ 0.9.2 back the comparisons that clang 16 and later refuse to synthesise in C++20.
//
// kj/string.h drops `operator==(const char*, StringPtr)` when the compiler has three-way
// comparison, and relies on reversed candidates; C++20 as amended by P2468 forbids the reversal,
// because StringPtr also declares operator!=. capnp/blob.h needs the operators, and generated code
// includes blob.h first, so this file is given to the compiler with -include. A body of `b == a`
// would choose the reversed form of itself and never return.
#pragma once
#ifdef __cplusplus
#include <kj/string.h>
#if __cpp_impl_three_way_comparison &&                                                             \
    ((defined(__clang__) && __clang_major__ >= 16) || (!defined(__clang__) && __GNUC__ >= 13))
namespace kj {
inline bool operator!=(const char* a, const StringPtr& b) {
  return !b.operator==(StringPtr(a));
}
inline bool operator==(const char* a, const StringPtr& b) {
  return b.operator==(StringPtr(a));
}
inline bool operator!=(const char* a, const String& b) {
  return !StringPtr(b).operator==(StringPtr(a));
}
inline bool operator==(const char* a, const String& b) {
  return StringPtr(b).operator==(StringPtr(a));
}
} // namespace kj
#endif
#endif
