// What a CPU must have for an intrinsic of LLVM that stands for an instruction of some CPUs only.
#pragma once
#include <functional>
#include <string>
#include <string_view>

namespace roam {

/// The features, as LLVM calls them, that an intrinsic like "llvm.x86.avx2.psign.b" needs: "avx2".
/// Several are written as Clang writes them: "avx512vnni,avx512vl|avxvnni" means both of the first
/// or the last. Empty for what every CPU of its kind can do.
///
/// Source: LLVM has no table of this, only a code generator that ends the process. The families
/// here were found by trying it with every intrinsic it has; the test does that again. Within
/// AVX-512 it may be a feature more than the code generator insists on.
std::string cpuFeaturesOf(std::string_view intrinsic);

/// Does a CPU suffice for an expression of cpuFeaturesOf?
bool fulfils(std::string_view features, const std::function<bool(std::string_view)>& cpuHas);

/// The expression for people: "avx512vnni and avx512vl, or avxvnni".
std::string inWords(std::string_view features);

} // namespace roam
