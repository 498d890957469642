// Addresses that a slice may keep in its variables: of functions and of constants.
//
//     static const int* next = ring;   // ring is constexpr
//     if (++next == ring + 5) ...      // in a second object, ring lies elsewhere
//
// The variables of a slice are the same in all of its objects (slice-module.h), so what they point
// to must be, too, or a comparison goes wrong when the second object replaces the first. So a
// second object takes these addresses, too, from the first, under names like those of variables. It
// still calls its own functions where it calls them by name.
#pragma once
#include <llvm/IR/Module.h>

namespace roam::jit {

/// Before the slice is optimised: names what has an address that matters, the same in every object.
/// Nothing, if the slice has no variables that could keep it.
void nameKeptAddresses(llvm::Module& module);

/// After: makes what is left of it symbols that the linker can bind elsewhere. Not earlier, since
/// the address of a function that is known is one that can be inlined.
void shareKeptAddresses(llvm::Module& module);

} // namespace roam::jit
