// Reasons in the order in which people meet them.
#include "plugin/closed-class.h"
#include "plugin/reflect.h"

using namespace clang;

namespace roam::plugin {
namespace {

std::string reasonFor(const CXXRecordDecl* record) {
  if (record->isUnion())
    return "is a union with members that are more than their bytes";
  for (const FieldDecl* field : record->fields())
    if (field->getAccess() != AS_public)
      return "has members that are not public";
  for (const CXXBaseSpecifier& base : record->bases())
    if (base.isVirtual())
      return "has a virtual base class";
    else if (base.getAccessSpecifier() != AS_public)
      return "has a base class that is not public";
  return "has a copy or move constructor or a destructor of its own";
}

/// "owner_, balance_"
std::string membersOf(const CXXRecordDecl* record) {
  std::string names;
  for (const FieldDecl* field : record->fields())
    if (field->getIdentifier())
      names += (names.empty() ? "" : ", ") + field->getName().str();
  return names;
}

} // namespace

Obstacle closedClass(const CXXRecordDecl* record, ASTContext& context) {
  std::string name = "'" + context.getRecordType(record).getAsString(context.getLangOpts()) + "'";
  if (isStandard(record))
    return {"", "a " + name + ", which roam cannot take apart", "send what it holds instead"};
  Obstacle obstacle{"", "an object of the class " + name + ", which " + reasonFor(record), ""};
  obstacle.advice = "give it a public member 'template <class Archive> void serialize(Archive& "
                    "archive) { archive(" +
                    membersOf(record) + "); }', or specialise roam::Codec for it";
  obstacle.closed = record;
  return obstacle;
}

Obstacle withoutDefaultConstructor(const CXXRecordDecl* record, ASTContext& context) {
  std::string name = "'" + context.getRecordType(record).getAsString(context.getLangOpts()) + "'";
  Obstacle obstacle{"", "an object of the class " + name + ", which has no public default constructor",
                    "give it one: the object is made by it over there, then its members are set"};
  obstacle.closed = record;
  return obstacle;
}

} // namespace roam::plugin
