// Finds the unwind description of compiled code in a tree, so that throwing costs the same however
// many slices are loaded.
//
// When an exception passes a frame, libgcc_s asks `_Unwind_Find_FDE(pc)` for the frame description
// entry (FDE) of its function. For code that no ELF file backs, libgcc 12 walks the list of
// everything given to __register_frame: measured, a throw takes 1.4 us with no slice and 340 us
// with 4,000. The call goes through the dynamic linker, so the executable can answer it: ours looks
// into a sorted tree first and asks libgcc for the rest. That is why executables with a session
// must export the symbol (the link options of the target roam-jit see to it).
//
//     .eh_frame of a slice:  CIE | FDE [0x1000, 0x1040) | FDE [0x1040, 0x10c0) | 0
//     tree:                  0x1000 -> {0x1040, FDE}, 0x1040 -> {0x10c0, FDE}
//
// The tree is the process's, not a session's: the unwinder's question carries nothing but an
// address.
#pragma once
#include <cstddef>

namespace roam::jit {

/// Enters every FDE of an .eh_frame section (in memory, relocated). Any thread. The section stays
/// readable until removed.
void addFrames(const char* section, std::size_t size);

/// Takes the FDEs of a section out again, before its memory goes. Other threads may unwind
/// meanwhile, except through code of this section.
void removeFrames(const char* section, std::size_t size);

/// The FDE whose code holds `pc`, if a section that was added has one: a search in a sorted tree.
const void* findFrame(const void* pc);

/// FDEs entered now.
std::size_t frameCount();

/// Whether this process's unwinder asks this index: false if the executable does not export
/// `_Unwind_Find_FDE`.
bool unwinderAsksIndex();

} // namespace roam::jit
