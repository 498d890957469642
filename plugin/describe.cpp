// Descriptions are not part of the digest: the same lambda in another file has the same slice and
// another description.
#include "plugin/describe.h"
#include "plugin/attributes.h"
#include "plugin/live-functions.h"
#include "clang/AST/RecordLayout.h"

using namespace clang;

namespace roam::plugin {
namespace {

std::string spelling(ASTContext& ast, QualType type) {
  if (type.isNull())
    return "";
  PrintingPolicy policy(ast.getLangOpts());
  policy.FullyQualifiedName = true;
  policy.SuppressScope = false;
  policy.Bool = true;
  policy.AnonymousTagLocations = false; // no paths in type names
  policy.PrintCanonicalTypes = true;
  return type.getCanonicalType().getAsString(policy);
}

const CXXRecordDecl* definitionOf(QualType type) {
  auto* record = type.isNull() ? nullptr : type->getAsCXXRecordDecl();
  return record ? record->getDefinition() : nullptr;
}

void describeCaptures(ASTContext& ast, const CXXRecordDecl* closure, Description& description) {
  const ASTRecordLayout& layout = ast.getASTRecordLayout(closure);
  auto add = [&](std::string name, QualType type, CharUnits offset) {
    QualType stored =
        type->isReferenceType() ? ast.getPointerType(type.getNonReferenceType()) : type;
    description.captures.push_back({std::move(name), spelling(ast, type),
                                    uint64_t(offset.getQuantity()),
                                    uint64_t(ast.getTypeSizeInChars(stored).getQuantity())});
  };
  auto capture =
      closure->isLambda() ? closure->captures_begin() : CXXRecordDecl::capture_const_iterator();
  for (const FieldDecl* field : closure->fields()) {
    std::string name = field->getNameAsString();
    if (closure->isLambda()) {
      name = capture->capturesVariable() ? capture->getCapturedVar()->getNameAsString() : "*this";
      ++capture;
    }
    add(std::move(name), field->getType(),
        ast.toCharUnitsFromBits(layout.getFieldOffset(field->getFieldIndex())));
  }
}

} // namespace

QualType aliasOf(ASTContext& ast, QualType shape, StringRef name) {
  auto* record = shape->getAsCXXRecordDecl();
  if (!record || !record->hasDefinition())
    return {};
  for (NamedDecl* found : record->lookup(&ast.Idents.get(name)))
    if (auto* alias = dyn_cast<TypedefNameDecl>(found))
      return ast.getCanonicalType(alias->getUnderlyingType());
  return {};
}

SourceLocation placeOf(ASTContext& ast, const Entry& entry) {
  if (const FunctionDecl* live = liveFunctionOf(ast, entry))
    return live->getLocation();
  const CXXRecordDecl* record = definitionOf(aliasOf(ast, entry.shape, "Closure"));
  if (!record)
    return entry.function->getPointOfInstantiation();
  for (const FieldDecl* field : record->fields()) // a shape with several closures
    if (auto* inner = definitionOf(field->getType());
        !record->isLambda() && inner && inner->isLambda())
      return inner->getLocation();
  return record->getLocation();
}

void describePlace(ASTContext& ast, SourceLocation at, Description& description) {
  const SourceManager& sources = ast.getSourceManager();
  PresumedLoc place = sources.getPresumedLoc(sources.getExpansionLoc(at));
  if (place.isInvalid())
    return;
  SmallString<256> file(place.getFilename());
  ast.getLangOpts().remapPathPrefix(file);
  description.file = file.str().str();
  description.line = place.getLine();
  description.column = place.getColumn();
}

Description describe(ASTContext& ast, const Entry& entry) {
  Description description;
  QualType closure = aliasOf(ast, entry.shape, "Closure");
  if (!closure.isNull() && !closure->isIncompleteType()) {
    description.closureType = spelling(ast, closure);
    description.closureSize = ast.getTypeSizeInChars(closure).getQuantity();
    description.closureAlignment = ast.getTypeAlignInChars(closure).getQuantity();
  }
  describePlace(ast, placeOf(ast, entry), description);
  if (const CXXRecordDecl* record = definitionOf(closure))
    describeCaptures(ast, record, description);
  if (const FunctionDecl* live = liveFunctionOf(ast, entry)) {
    description.liveName = liveNameOf(live);
    description.signature = signatureOf(ast, entry);
  }
  description.argumentType = spelling(ast, aliasOf(ast, entry.shape, "Argument"));
  description.resultType = spelling(ast, aliasOf(ast, entry.shape, "Result"));
  return description;
}

} // namespace roam::plugin
