// A slice group: what travels for an entry that needs more than its own slice.
//
// An entry that calls a function of another file, or of a shared library that peers need not have,
// travels together with the slices of those functions and the names of those libraries. The bytes
// of the group take the place of the slice everywhere: their BLAKE3 is the digest that peers know.
//
//     "RoamGrp1"
//     libraries    count, then of each: soname, the first symbol it is needed for
//     members      count, then of each: name, slice; the entry's first, under the empty name
//     targets      count, then of each: name
//
// Counts and lengths are 4 bytes, little endian; a text or a slice follows its length. Libraries
// and members are sorted by name, the entry aside, so that equal needs give equal bytes.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace roam {

struct SliceGroup {
  /// A shared library that is loaded before symbols are bound.
  struct Library {
    std::string soname; ///< "libz.so.1"; never a path
    std::string symbol; ///< mangled; for the message where the library is missing
  };
  /// Code that other members call by its name.
  struct Member {
    std::string name;       ///< mangled
    std::string_view slice; ///< canonical bitcode; what is called `name` is entrySymbol in there
  };

  std::vector<Library> libraries;
  std::vector<Member> members;
  /// What `roamTarget(i)` gives the address of, for captured function pointers: members, or
  /// symbols of libraries. The index is what travels in the captures.
  std::vector<std::string> targets;

  /// False for a plain slice, which travels as it is.
  static bool isGroup(std::string_view bytes);
  /// The views of the members stay valid as long as the bytes. Throws std::runtime_error that says
  /// what is wrong with them: every byte is checked but those of the slices.
  static SliceGroup read(std::string_view bytes);
  /// Sorts a copy. The first member is the entry's; names are not there twice.
  std::string write() const;
};

/// True for the name of a library as it stands in DT_SONAME: no path, which would make a peer load
/// any file.
bool isSoname(std::string_view name);

} // namespace roam
