// What keeps a type from travelling: an address somewhere inside it.
#pragma once
#include "clang/AST/ASTContext.h"
#include "clang/Sema/Sema.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/PointerIntPair.h"
#include <optional>
#include <string>

namespace roam::plugin {

/// Why a value cannot travel.
struct Obstacle {
  std::string path;   ///< where inside the value: ".net.host", "[...]"; empty: the value itself
  std::string what;   ///< "a raw pointer ('int *')"
  std::string advice; ///< what to write instead, for a note
  /// The innermost member that holds it, of a class of the user's.
  const clang::FieldDecl* member = nullptr;
  /// The class that is to say how it travels, if that is the obstacle.
  const clang::CXXRecordDecl* closed = nullptr;
};

/// Looks for addresses: through members, also private ones of classes whose bytes would be copied,
/// bases, elements of standard containers, captures of nested lambdas. Classes that say themselves
/// how they travel (a member `serialize`, or one of their own in namespace roam) are believed.
class ObstacleSearch {
 public:
  explicit ObstacleSearch(clang::Sema& sema) : sema_(sema), context_(sema.Context) {}

  /// The first obstacle in a value of this type, in the order of its members. `passed` as an
  /// argument or result, where functions and what is behind base classes can't be looked up.
  std::optional<Obstacle> find(clang::QualType type, bool passed = false);
  /// May there be several owners of one object inside the type that was searched last? True also of
  /// what can't be seen: classes that encode themselves.
  bool mayShare() const { return mayShare_; }

 private:
  std::optional<Obstacle> inType(clang::QualType type);
  std::optional<Obstacle> inPointer(clang::QualType type);
  std::optional<Obstacle> inRecord(const clang::CXXRecordDecl* record);
  std::optional<Obstacle> inStandard(const clang::CXXRecordDecl* record);
  std::optional<Obstacle> inTypeArguments(const clang::CXXRecordDecl* record);
  std::optional<Obstacle> inMembers(const clang::CXXRecordDecl* record);

  bool encodesItself(const clang::CXXRecordDecl* record);
  /// Is roam::name<type> true, `name` being a concept of the headers?
  bool satisfies(llvm::StringRef name, clang::QualType type);

  clang::Sema& sema_;
  clang::ASTContext& context_;
  /// Types already searched, and whether as bytes.
  llvm::SmallDenseSet<llvm::PointerIntPair<const clang::Type*, 1, bool>, 16> seen_;
  bool mayShare_ = false;
  bool passed_ = false;
  bool asBytes_ = false; ///< what is looked at would be copied byte by byte
};

} // namespace roam::plugin
