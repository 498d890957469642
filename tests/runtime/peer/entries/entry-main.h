// An entry for tests of the peer, written by hand instead of by the plugin: the function of a
// slice.
//
// Each file beside this one is compiled to bitcode, as the slice with the file's name.
#pragma once
#include <cstdint>
#include <cstring>
#include <roam/entry.h>

/// Names the function as the entry of a slice.
#define ENTRY(...)                                                                                 \
  roam::Outcome entry(const char* captures, std::size_t capturesSize, const char* arguments,       \
                      std::size_t argumentsSize, std::uint64_t count,                              \
                      roam::Output* out) asm("roam.root");                                         \
  roam::Outcome entry(                                                                             \
      [[maybe_unused]] const char* captures, [[maybe_unused]] std::size_t capturesSize,            \
      [[maybe_unused]] const char* arguments, [[maybe_unused]] std::size_t argumentsSize,          \
      [[maybe_unused]] std::uint64_t count, roam::Output* out)

template <class T>
T read(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
