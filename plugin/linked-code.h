// The code of slices as ordinary machine code of the host's program: option `linked`.
#pragma once
#include "plugin/slice-writer.h"
#include "llvm/IR/Module.h"
#include <string>
#include <vector>

namespace roam::plugin {

/// What the program is compiled for, as the compiler's options say.
struct LinkedTarget {
  std::string cpu, tuneCpu;
  std::vector<std::string> features; ///< "+avx2", "-sse4a"
  /// -ffp-contract=fast: the code generator fuses multiplications with additions everywhere, also
  /// where the instructions do not allow it.
  bool fusesAll = false;
};

/// Links slices into the host's module, before it is optimised.
///
///     slice of the lambda               in the program
///     roam.root, calls f0, fee, free    roam.linked.DIGEST, hidden, in a COMDAT group of that name
///     f0                                internal, in the group
///     fee, of another file              roam.linked.for._Z3feei: the linked slice of fee, or if
///                                       its file has none, a jump to fee
///     free, of a library                free
///     roam.init                         internal, in the group; for who calls the entry
///
/// What can't have the same meaning as a JIT gives it is left out: what asks for peer-local
/// variables or for the targets of its group, intrinsics of other CPUs, weak references; and of
/// functions for other files, those with variables, which each slice group has its own of.
class LinkedCode {
 public:
  LinkedCode(llvm::Module& host, const LinkedTarget& target) : host_(host), target_(target) {}

  /// `elsewhere`: those of its needs that may be functions of other files. Null if left out; else
  /// the LinkedRecord, for llvm.used.
  llvm::GlobalVariable* addEntry(const WrittenSlice& slice,
                                 const std::vector<std::string>& elsewhere);
  /// The same for a function with this mangled name that the host defines.
  llvm::GlobalVariable* addFunction(const std::string& symbol, const WrittenSlice& slice,
                                    const std::vector<std::string>& elsewhere);
  /// The LinkedTable. Once, after the others; null if nothing was linked.
  llvm::GlobalVariable* addTable();

 private:
  llvm::GlobalVariable* link(std::unique_ptr<llvm::Module> slice, const std::string& record);

  llvm::Module& host_;
  const LinkedTarget& target_;
  bool hasAny_ = false;
};

} // namespace roam::plugin
