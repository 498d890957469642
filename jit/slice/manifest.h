// The manifest: the table of entries and their slices inside a binary built with the plugin.
//
// The plugin writes one record an entry into the section `roam_registry`; slices, needs and
// descriptions lie in the section `.roam.code`. A record holds distances from its own first byte
// instead of addresses, so it needs no relocation and no constructor, and reads the same in an
// executable, a shared object and a file on disk. The linker merges records of equal slices (one
// COMDAT a digest).
#pragma once
#include "jit/slice/digest.h"
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace roam {

/// One record as it lies in the section `roam_registry`, or for what other files may call in the
/// section `roam_functions`. Little endian, 8-byte aligned, 80 bytes.
struct EntryRecord {
  std::uint8_t digest[32];  ///< BLAKE3-256 of the slice bytes
  std::int64_t slice;       ///< distance from this record to the slice: canonical bitcode
  std::uint64_t sliceSize;  ///< bytes
  std::int64_t needs;       ///< distance to the undefined symbols: names, each ended by NUL, sorted
  std::uint64_t needsSize;  ///< bytes
  std::int64_t description; ///< distance to the description: see Description
  std::uint64_t descriptionSize; ///< bytes
};
static_assert(sizeof(EntryRecord) == 80);

inline constexpr const char* registrySection = "roam_registry";
inline constexpr const char* functionsSection = "roam_functions";

/// One item of the section `roam_addresses`: a function whose address the program takes where it
/// sends pointers of that type. The dynamic linker fills in both.
struct NamedAddress {
  const void* address;
  const char* name; ///< that of its record, or of a symbol of a shared library
};
inline constexpr const char* addressesSection = "roam_addresses";
/// One item of the section `roam_linked`, where a file was compiled with the plugin's option
/// `linked`: a slice that is machine code of the program. 8-byte aligned, 64 bytes; all distances
/// from the record's own first byte.
struct LinkedRecord {
  std::uint8_t digest[32];   ///< of the slice, whose own record is in one of the sections above
  std::int64_t function;     ///< distance to its root
  std::int64_t init;         ///< distance to its initSymbol; 0 if it has none
  std::int64_t callees;      ///< distance to the LinkedCallees
  std::uint64_t calleesSize; ///< bytes
};
static_assert(sizeof(LinkedRecord) == 64);

/// What a linked slice calls that may be in another file of the program. It calls the linked slice
/// of that function, if there is one where the program is linked; else what has the name itself.
/// All distances are from the first of the slice's callees.
struct LinkedCallee {
  std::int64_t name;     ///< distance to the mangled name, which ends with NUL
  std::int64_t function; ///< distance to what is called
};

inline constexpr const char* linkedSection = "roam_linked";

/// Where an executable or shared library with linked slices has its records: in a variable with C
/// linkage that shared libraries export. `functions` are null if there are none.
struct LinkedTable {
  const LinkedRecord *linked, *linkedEnd;
  const EntryRecord *entries, *entriesEnd;
  const EntryRecord *functions, *functionsEnd;
};
inline constexpr const char* linkedTableSymbol = "roamLinkedTable";

inline constexpr const char* codeSection = ".roam.code";
/// What the entry is called inside its slice.
inline constexpr const char* entrySymbol = "roam.root";
/// What the function is called that initialises the variables of a slice: void(), run once before
/// the entry. Slices that need none have none.
inline constexpr const char* initSymbol = "roam.init";

/// One capture of a closure, or one base of the captured object, in the order of memory.
struct CaptureDescription {
  std::string name;         ///< the variable's name; "*this" for a copied object
  std::string type;         ///< canonical spelling
  std::uint64_t offset = 0; ///< bytes from the start of the closure
  std::uint64_t size = 0;   ///< bytes
};

/// One function of a slice: what was inlined into it counts as its own.
struct FunctionDescription {
  std::string name;               ///< mangled; entrySymbol for the entry itself
  std::uint64_t instructions = 0; ///< of LLVM, in the slice
};

/// One variable of a slice that keeps its value between calls.
struct StateDescription {
  /// "static": one a worker and slice; "thread_local": one a thread; "peer-local": one a peer.
  std::string kind;
  std::string name; ///< mangled
};

/// What is in a slice, for who does not parse it.
struct CodeDescription {
  std::uint64_t functions = 0, instructions = 0;
  std::vector<FunctionDescription> largest; ///< five at most, the largest first
  std::vector<StateDescription> state;
  std::vector<std::string> cpuFeatures; ///< that the slice can't do without, as cpuFeaturesOf
};

/// What the code of an entry does not say, or only to who parses it. It lies beside the slice and
/// is not part of the digest. In the section it is text, one fact a line, fields separated by tabs:
///
///     place     FILE  LINE  COLUMN      where the lambda stands
///     closure   TYPE  SIZE  ALIGNMENT   the closure type, in bytes
///     capture   NAME  TYPE  OFFSET  SIZE    one line a capture
///     argument  TYPE                    what one call takes
///     result    TYPE                    what one call gives
///     live      NAME  SIGNATURE         of a function marked [[roam::live("NAME")]]
///     functions COUNT  INSTRUCTIONS     of the whole slice
///     function  NAME  INSTRUCTIONS      one line for each of the five largest, the largest first
///     state     KIND  NAME              one line a variable
///     cpu       FEATURES                what intrinsics need, as cpuFeaturesOf; one line each
///     symbol    MANGLED                 of a function slice: the name that other code has for it
///     refused   REASON                  why there is no slice, as what follows that name
///
/// A tab, a line end or a backslash inside a field is written \t, \n, \\.
struct Description {
  std::string file;
  unsigned line = 0, column = 0;
  std::string closureType;
  std::uint64_t closureSize = 0, closureAlignment = 0;
  std::vector<CaptureDescription> captures;
  std::string argumentType, resultType;
  std::string liveName, signature; ///< signature: as roam/signature.h spells it
  CodeDescription code;
  std::string symbol, refusal;

  std::string toText() const;
  /// Unknown lines are skipped, so that a newer plugin can say more. Throws std::runtime_error on a
  /// damaged line.
  static Description parse(std::string_view text);
};

/// One entry, read from a manifest.
struct ManifestEntry {
  Digest digest;
  std::string_view slice; ///< valid as long as the bytes the manifest was read from
  std::vector<std::string> needs;
  Description description;
};

/// The entry behind a record of this process. The views stay valid while the object that holds the
/// record is loaded.
ManifestEntry readRecord(const EntryRecord& record);

/// Every entry of an ELF file (executable, shared object, relocatable object), in the order of the
/// file. `file` is the whole file; its bytes are not trusted. Throws std::runtime_error that names
/// what is wrong: not an ELF file of this kind of machine, a record that points outside its
/// section, a slice that is not what its digest says. An ELF file without a manifest gives no
/// entries.
std::vector<ManifestEntry> readManifest(std::string_view file);

/// The same for the function slices of the file: what its closures need of other files it is made
/// of. Those that can't travel have no slice, and `description.refusal` says why.
std::vector<ManifestEntry> readFunctions(std::string_view file);

/// The names of the functions that an ELF file defines itself, by its full symbol table: none if
/// that was stripped. Throws std::runtime_error as readManifest does.
std::set<std::string> readDefinedFunctions(std::string_view file);

} // namespace roam
