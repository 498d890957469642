// Gives roam::reflect<T> its members: the captures of closures, the fields of aggregates.
#pragma once
#include "clang/AST/DeclTemplate.h"
#include "clang/Sema/Sema.h"
#include "llvm/ADT/StringMap.h"

namespace roam::plugin {

/// Is this of the standard library, or of what it is made of?
bool isStandard(const clang::Decl* decl);

/// Do the headers take a class that is no closure apart field by field?
bool isTakenApart(const clang::CXXRecordDecl* record);

/// Adds members to specialisations of the headers' templates, as if they had been written there. No
/// function body is ever made up: the members are types and constants, and ordinary templates of
/// the headers do the rest. One a translation unit.
class Reflector {
 public:
  explicit Reflector(clang::Sema& sema) : sema_(sema), context_(sema.Context) {}

  /// `reflect` is roam::reflect<T>, just completed: adds `type`, and `closure` or `polymorphic`
  /// if T is one; nothing but `gaps`
  /// if T is neither a closure nor an aggregate. An error if T is incomplete: "not reflectable"
  /// would stay true for the rest of the translation unit.
  void addFields(clang::ClassTemplateSpecializationDecl* reflect);

  /// Adds `static constexpr bool name = value`.
  void addConstant(clang::ClassTemplateSpecializationDecl* shippable, llvm::StringRef name,
                   bool value);

 private:
  /// Items of a list that becomes a member of `of`.
  struct Listed {
    clang::ClassTemplateSpecializationDecl* of;
    clang::TemplateArgumentListInfo items;
  };
  const clang::CXXRecordDecl* reflectable(clang::ClassTemplateSpecializationDecl* reflect);
  clang::QualType fieldList(clang::ClassTemplateSpecializationDecl* reflect,
                            const clang::CXXRecordDecl* record);
  clang::QualType gapList(clang::ClassTemplateSpecializationDecl* reflect);
  void addField(Listed& to, clang::QualType type, uint64_t offset, unsigned flags);
  clang::RecordDecl::field_iterator addBitFields(Listed& to, const clang::CXXRecordDecl* record,
                                                 clang::RecordDecl::field_iterator first);
  /// name<arguments...>, of a template of the headers'; null if it is not there.
  clang::QualType shaped(clang::ClassTemplateSpecializationDecl* reflect, llvm::StringRef name,
                         clang::TemplateArgumentListInfo& arguments);

  clang::Sema& sema_;
  clang::ASTContext& context_;
  llvm::StringMap<clang::ClassTemplateDecl*> vocabulary_;
};

/// What the headers declare as roam::name; null if they were not included.
template <class Declaration>
Declaration* findInRoam(clang::ASTContext& context, llvm::StringRef name) {
  for (clang::NamedDecl* space :
       context.getTranslationUnitDecl()->lookup(&context.Idents.get("roam")))
    if (auto* roam = llvm::dyn_cast<clang::NamespaceDecl>(space))
      for (clang::NamedDecl* found : roam->lookup(&context.Idents.get(name)))
        if (auto* declaration = llvm::dyn_cast<Declaration>(found))
          return declaration;
  return nullptr;
}

/// std::enable_shared_from_this<T>, which is set by whoever owns the T and never sent.
bool isSelfReference(clang::QualType base);

/// The class template `name` in the namespace of `beside`; null if there is none.
clang::ClassTemplateDecl* findTemplate(clang::Sema& sema, clang::Decl* beside,
                                       llvm::StringRef name);

/// Adds `using name = type` to a completed class, public.
void addPublicAlias(clang::ASTContext& context, clang::CXXRecordDecl* to, llvm::StringRef name,
                    clang::QualType type);

clang::TemplateArgumentLoc typeArgument(clang::Sema& sema, clang::QualType type,
                                        clang::SourceLocation at);

/// A template argument that is a number of the given type.
clang::TemplateArgumentLoc numberArgument(clang::Sema& sema, uint64_t value, clang::QualType type,
                                          clang::SourceLocation at);

} // namespace roam::plugin
