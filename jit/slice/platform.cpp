// The fingerprint of this build, and the words for a difference.
#include "jit/slice/platform.h"
#include <charconv>
#include <stdexcept>
#include <vector>

namespace roam {
namespace {

#if defined(__x86_64__) && defined(__linux__)
constexpr const char* builtTriple = "x86_64-pc-linux-gnu";
#elif defined(__aarch64__) && defined(__linux__)
constexpr const char* builtTriple = "aarch64-unknown-linux-gnu";
#else
#error "Roam knows no target triple for this machine: add it here and in the tests of jit/slice"
#endif

#if defined(_LIBCPP_VERSION)
constexpr const char* builtLibrary = "libc++";
#elif defined(_GLIBCXX_USE_CXX11_ABI) && _GLIBCXX_USE_CXX11_ABI
constexpr const char* builtLibrary = "libstdc++ cxx11-abi";
#else
constexpr const char* builtLibrary = "libstdc++ old-abi";
#endif

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos)
      return parts;
    text.remove_prefix(end + 1);
  }
}

void addDifference(std::string& all, const char* what, std::string_view here,
                   std::string_view there) {
  if (here == there)
    return;
  if (!all.empty())
    all += "; ";
  all.append(what).append(" ").append(here).append(" here, ").append(there).append(" there");
}

} // namespace

Platform Platform::here() {
  return {builtTriple, "itanium", builtLibrary, __clang_major__};
}

std::string Platform::toString() const {
  return triple + "/" + cxxAbi + "/" + standardLibrary + "/llvm-" + std::to_string(llvmMajor);
}

Platform Platform::parse(std::string_view text) {
  constexpr std::string_view llvm = "llvm-";
  auto parts = split(text, '/');
  Platform platform;
  bool good = parts.size() == 4 && parts[3].starts_with(llvm);
  if (good) {
    platform = {std::string(parts[0]), std::string(parts[1]), std::string(parts[2]), 0};
    std::string_view major = parts[3].substr(llvm.size());
    auto [end, error] =
        std::from_chars(major.data(), major.data() + major.size(), platform.llvmMajor);
    good = error == std::errc() && end == major.data() + major.size();
  }
  if (!good)
    throw std::runtime_error("'" + std::string(text.substr(0, 200)) +
                             "' is no platform fingerprint: expected "
                             "TRIPLE/C++ ABI/STANDARD LIBRARY/llvm-MAJOR");
  return platform;
}

std::string Platform::differenceFrom(const Platform& other) const {
  std::string all;
  addDifference(all, "machine", triple, other.triple);
  addDifference(all, "C++ ABI", cxxAbi, other.cxxAbi);
  addDifference(all, "standard library", standardLibrary, other.standardLibrary);
  addDifference(all, "LLVM", std::to_string(llvmMajor), std::to_string(other.llvmMajor));
  return all;
}

} // namespace roam
