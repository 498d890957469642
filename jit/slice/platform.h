// The platform fingerprint: what two programs must have in common for code of one to run in the
// other.
#pragma once
#include <string>
#include <string_view>

namespace roam {

/// What a slice takes for granted about the machine and the C++ implementation under it. It travels
/// beside a digest; a mismatch is a refusal that names the difference, never a crash.
struct Platform {
  std::string triple;          ///< "x86_64-pc-linux-gnu"
  std::string cxxAbi;          ///< "itanium"
  std::string standardLibrary; ///< "libstdc++ cxx11-abi"
  unsigned llvmMajor = 0;      ///< bitcode is read by this major version only

  /// What this binary was built for.
  static Platform here();
  /// One line, parsed by `parse`: "x86_64-pc-linux-gnu/itanium/libstdc++ cxx11-abi/llvm-19".
  std::string toString() const;
  static Platform parse(std::string_view text);
  /// Empty if code built for `other` runs here, else the difference in words: "LLVM 19 here, 20
  /// there".
  std::string differenceFrom(const Platform& other) const;

  bool operator==(const Platform&) const = default;
};

} // namespace roam
