// The search for addresses inside a type. "Trivially copyable" is not "can travel": an iterator, a
// variant of pointers or an error code copy byte by byte and are wrong elsewhere, so the search
// goes through their private members too.
#include "plugin/obstacles.h"
#include "plugin/closed-class.h"
#include "plugin/place-of-use.h"
#include "plugin/reflect.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/ExprConcepts.h"
#include "clang/Sema/EnterExpressionEvaluationContext.h"
#include "clang/Sema/Template.h"
#include "llvm/Support/SaveAndRestore.h"
#include <string_view>

using namespace clang;

namespace roam::plugin {
namespace {

std::string quoted(QualType type, const ASTContext& context) {
  PrintingPolicy policy(context.getLangOpts());
  policy.AnonymousTagLocations = false;
  return "'" + type.getUnqualifiedType().getAsString(policy) + "'";
}

/// Standard types that stand for something outside themselves, and what to write instead. Other
/// trivially copyable ones are searched like any class; the rest is for the headers to know.
struct StandardObstacle {
  std::string_view types; ///< names, each between spaces
  std::string_view what, advice;
};
constexpr StandardObstacle standardObstacles[] = {
    {" basic_string_view ", "a std::string_view, which does not own its characters",
     "send a std::string instead"},
    {" span ", "a std::span, which does not own its elements", "send a std::vector instead"},
    {" initializer_list ", "a std::initializer_list, which does not own its elements",
     "send a std::vector instead"},
    {" reference_wrapper ", "a std::reference_wrapper, which is a reference",
     "send the object itself instead"},
    {" move_only_function ", "a std::move_only_function, which hides what it holds",
     "send the lambda itself, with its own type, or a std::function"},
    {" _Bind _Bind_result _Bind_front ",
     "what std::bind or std::bind_front made, which hides what it holds",
     "send a lambda instead: [=](auto... rest) { return f(first, rest...); }"},
    {" any ", "a std::any, which hides what it holds",
     "send a std::variant of the types it may hold instead"},
    {" type_index ", "a std::type_index, which is an address", "send the type's name instead"},
    {" source_location ", "a std::source_location, which points into this program",
     "send its file_name() and line() instead"},
    {" coroutine_handle ", "a std::coroutine_handle, which is an address",
     "send the arguments and start the coroutine over there"},
    {" error_code error_condition ", "a std::error_code, which points to its category",
     "send its value() and the name() of its category instead"},
    {" exception_ptr ", "a std::exception_ptr, which hides what it holds",
     "send what the exception says instead"},
    {" thread jthread future shared_future promise ", "bound to threads of this process",
     "wait for its result and send that"},
    {" mutex recursive_mutex timed_mutex shared_mutex unique_lock lock_guard shared_lock ",
     "a lock of this process", "make it a static variable inside the lambda"},
    {" condition_variable condition_variable_any once_flag latch barrier counting_semaphore ",
     "a synchronisation object of this process", "make it a static variable inside the lambda"},
    {" atomic ", "a std::atomic, which is shared between threads of one process only",
     "send the value it has now: x.load()"},
    {" basic_ifstream basic_ofstream basic_fstream basic_filebuf ", "an open file of this process",
     "send its path, or what it holds"},
    {" basic_ostream basic_istream basic_iostream basic_stringstream ", "a stream of this process",
     "send what it holds, as a std::string"},
    {" basic_regex ", "a std::regex, which does not keep its pattern",
     "send the pattern as a std::string, and make the std::regex inside the lambda, as a static "
     "const variable: it is compiled once a peer"},
    {" locale ctype collate numpunct ", "a std::locale, which refers to tables of this process",
     "send its name() instead"},
    {" random_device ", "a std::random_device of this machine", "create it inside the lambda"},
};

std::optional<Obstacle> standardObstacle(StringRef name) {
  std::string wanted = (" " + name + " ").str();
  for (const StandardObstacle& obstacle : standardObstacles)
    if (obstacle.types.find(wanted) != std::string_view::npos)
      return Obstacle{"", std::string(obstacle.what), std::string(obstacle.advice)};
  return std::nullopt;
}

/// Roam's own: what the headers would not say, for Cluster and Future have no shape of a value.
std::optional<Obstacle> ofRoam(const CXXRecordDecl* record) {
  if (!record->getIdentifier() || !isInRoam(record))
    return std::nullopt;
  if (record->getName() == "Cluster")
    return Obstacle{"", "a roam::Cluster, whose connections stay in this process",
                    "code on a peer can't call others: return what is needed, and call the cluster "
                    "here with that"};
  if (record->getName() == "Future")
    return Obstacle{"", "a roam::Future, which waits in this process",
                    "wait for its result with get(), and send that"};
  return std::nullopt;
}

/// Has it a member function or member function template of that name?
bool hasMember(const CXXRecordDecl* record, ASTContext& context, StringRef name) {
  return !record->lookup(&context.Idents.get(name)).empty();
}

/// Trivially copyable classes of the standard library that are encoded by their elements.
bool isMadeOfElements(const CXXRecordDecl* record) {
  constexpr std::string_view names = " array pair tuple optional variant expected ";
  return record->getIdentifier() &&
         names.find((" " + record->getName() + " ").str()) != std::string_view::npos;
}

/// Several owners of one object, or what is known only when it is sent.
bool mayHoldSharers(const CXXRecordDecl* record) {
  auto* shaped = dyn_cast<ClassTemplateSpecializationDecl>(record);
  StringRef name = shaped ? shaped->getName() : "";
  if (name != "unique_ptr")
    return name == "shared_ptr" || name == "weak_ptr" || name == "function";
  auto* owned = shaped->getTemplateArgs()[0].getAsType()->getAsCXXRecordDecl();
  return owned && owned->hasDefinition() && owned->isPolymorphic();
}

/// Allocators stay behind: containers are rebuilt with new ones.
bool isAllocator(QualType type, ASTContext& context) {
  auto* record = type->getAsCXXRecordDecl();
  return record && record->hasDefinition() &&
         hasMember(record->getDefinition(), context, "allocate");
}

/// Is there a roam::Codec<T> of the user's for this class, or one for its class template?
bool hasCodec(const CXXRecordDecl* record, ASTContext& context) {
  auto* codec = findInRoam<ClassTemplateDecl>(context, "Codec");
  if (!codec)
    return false;
  QualType type = context.getCanonicalType(context.getRecordType(record));
  for (ClassTemplateSpecializationDecl* shaped : codec->specializations())
    if (shaped->isExplicitSpecialization() &&
        context.getCanonicalType(shaped->getTemplateArgs()[0].getAsType()) == type)
      return true;
  auto* instance = dyn_cast<ClassTemplateSpecializationDecl>(record);
  if (!instance)
    return false;
  SmallVector<ClassTemplatePartialSpecializationDecl*, 4> partials;
  codec->getPartialSpecializations(partials);
  for (ClassTemplatePartialSpecializationDecl* partial : partials) {
    QualType pattern = partial->getTemplateArgs()[0].getAsType();
    auto* shape = pattern->getAs<TemplateSpecializationType>();
    TemplateDecl* of = shape ? shape->getTemplateName().getAsTemplateDecl() : nullptr;
    if (of && of->getCanonicalDecl() == instance->getSpecializedTemplate()->getCanonicalDecl())
      return true;
  }
  return false;
}

} // namespace

constexpr char onlyCaptured[] = ", which can travel only inside what a closure captures";

/// Does the class say itself how it travels: as a member, or by a specialisation of roam::Codec?
/// The headers decide: a `serialize` that writes to streams does not count.
bool ObstacleSearch::encodesItself(const CXXRecordDecl* record) {
  bool named = hasMember(record, context_, "serialize") ||
               (hasMember(record, context_, "save") && hasMember(record, context_, "load"));
  return (named && satisfies("SerializesItself", context_.getRecordType(record))) ||
         hasCodec(record, context_);
}

bool ObstacleSearch::satisfies(StringRef name, QualType type) {
  auto* wanted = findInRoam<ConceptDecl>(context_, name);
  if (!wanted)
    return false;
  SourceLocation at = wanted->getLocation();
  EnterExpressionEvaluationContext unevaluated(sema_,
                                               Sema::ExpressionEvaluationContext::Unevaluated);
  TemplateArgumentListInfo arguments(at, at);
  arguments.addArgument(
      TemplateArgumentLoc(TemplateArgument(type), context_.getTrivialTypeSourceInfo(type, at)));
  ExprResult checked = sema_.CheckConceptTemplateId(CXXScopeSpec(), at,
                                                    DeclarationNameInfo(wanted->getDeclName(), at),
                                                    wanted, wanted, &arguments);
  auto* verdict = dyn_cast_or_null<ConceptSpecializationExpr>(checked.get());
  return verdict && !verdict->isValueDependent() && verdict->isSatisfied();
}

std::optional<Obstacle> ObstacleSearch::find(QualType type, bool passed) {
  seen_.clear();
  passed_ = passed;
  mayShare_ = false;
  return inType(type);
}

std::optional<Obstacle> ObstacleSearch::inType(QualType type) {
  type = type.getCanonicalType();
  if (type->isReferenceType())
    return Obstacle{"", "a reference (" + quoted(type, context_) + ")",
                    "send the object itself instead"};
  if (type->isAnyPointerType() || type->isMemberFunctionPointerType())
    return inPointer(type);
  if (auto* array = context_.getAsArrayType(type)) {
    auto obstacle = inType(array->getElementType());
    if (obstacle)
      obstacle->path = "[...]" + obstacle->path;
    return obstacle;
  }
  auto* record = type->getAsCXXRecordDecl();
  // An instance of a template may not have been needed so far: this instantiates it.
  if (!record || !seen_.insert({type.getTypePtr(), asBytes_}).second)
    return std::nullopt;
  if (!sema_.isCompleteType(record->getLocation(), type))
    return Obstacle{"", "a " + quoted(type, context_) + ", whose definition is not complete here",
                    "move its definition, or the #include of it, above this line"};
  return inRecord(record->getDefinition());
}

std::optional<Obstacle> ObstacleSearch::inPointer(QualType type) {
  QualType pointee = type->getPointeeType();
  // The headers find the function that is pointed to, but only where they see the pointer.
  if (pointee->isFunctionType() && !asBytes_) {
    if (!passed_)
      return std::nullopt;
    return Obstacle{"", "a function pointer (" + quoted(type, context_) + ")" + onlyCaptured,
                    "capture it, or send a lambda that calls the function"};
  }
  if (type->isMemberFunctionPointerType())
    return Obstacle{
        "", "a pointer to a member function (" + quoted(type, context_) + ") that is not public",
        "make it public"};
  if (pointee->isFunctionType())
    return Obstacle{"", "a function pointer (" + quoted(type, context_) + ") that is not public",
                    "make it public, or hold a lambda that calls the function"};
  std::string advice = pointee->isAnyCharacterType()
                           ? "send a std::string instead"
                           : "send the object itself, several in a std::vector, or a "
                             "std::unique_ptr where there may be none";
  return Obstacle{"", "a raw pointer (" + quoted(type, context_) + ")", advice};
}

std::optional<Obstacle> ObstacleSearch::inRecord(const CXXRecordDecl* record) {
  if (isStandard(record))
    return inStandard(record);
  if (record->isLambda())
    return inMembers(record);
  if (auto obstacle = ofRoam(record))
    return obstacle;
  QualType type = context_.getRecordType(record);
  bool speaks = encodesItself(record);
  if (!isInRoam(record) && !record->isAbstract() && satisfies("NeedsDefaultConstructor", type))
    return withoutDefaultConstructor(record, context_);
  if (!isInRoam(record) && !speaks && satisfies("OfNoKind", type))
    return closedClass(record, context_);
  bool hidesMembers =
      !record->isTriviallyCopyable() && llvm::any_of(record->fields(), [](FieldDecl* f) {
        return f->getAccess() != AS_public; // looks like a known container
      });
  if (speaks || hidesMembers || isInRoam(record)) {
    mayShare_ = true;
    return std::nullopt;
  }
  llvm::SaveAndRestore bytes(asBytes_, asBytes_ || (!record->isLambda() && !isTakenApart(record)));
  return inMembers(record);
}

std::optional<Obstacle> ObstacleSearch::inStandard(const CXXRecordDecl* record) {
  if (record->getIdentifier())
    if (auto obstacle = standardObstacle(record->getName()))
      return obstacle;
  if (hasMember(record, context_, "iterator_category"))
    return Obstacle{"", "an iterator", "send the elements it stands for instead"};
  QualType type = context_.getRecordType(record);
  mayShare_ |= mayHoldSharers(record);
  // What owns its elements: look at these. Its own pointers do not travel.
  if (auto obstacle = inTypeArguments(record))
    return obstacle;
  if (satisfies("OwnerOfAbstract", type))
    return Obstacle{"",
                    "an owner of an abstract class without a virtual destructor, so that the class "
                    "of its object is not known here",
                    "make the destructor virtual, or send an owner of the derived class, or a "
                    "std::variant of the derived classes"};
  if (satisfies("OfNoKind", type)) {
    StringRef name = record->getIdentifier() ? record->getName() : "";
    if (name == "shared_ptr" || name == "weak_ptr") // of an array
      return Obstacle{"", "a " + quoted(type, context_) + ", which does not know its length",
                      "send a std::shared_ptr to a std::vector instead"};
    if (name == "function") // without RTTI
      return Obstacle{"", "a " + quoted(type, context_) + ", which hides what it holds",
                      "compile without -fno-rtti, or send the lambda itself, with its own type"};
    return closedClass(record, context_);
  }
  if (passed_ && satisfies("OnlyCaptured", type))
    return Obstacle{"", "a " + quoted(type, context_) + onlyCaptured,
                    "capture it, or send what is inside with its own type, or as one type of a "
                    "std::variant"};
  llvm::SaveAndRestore bytes(asBytes_, asBytes_ || !isMadeOfElements(record));
  if (record->isTriviallyCopyable() && inMembers(record))
    return Obstacle{"",
                    "a " + quoted(context_.getRecordType(record), context_) +
                        ", which refers to something of this process",
                    "send what it refers to instead"};
  return std::nullopt;
}

std::optional<Obstacle> ObstacleSearch::inTypeArguments(const CXXRecordDecl* record) {
  auto* shaped = dyn_cast<ClassTemplateSpecializationDecl>(record);
  if (!shaped)
    return std::nullopt;
  for (const TemplateArgument& argument : shaped->getTemplateArgs().asArray()) {
    ArrayRef<TemplateArgument> types = argument;
    if (argument.getKind() == TemplateArgument::Pack)
      types = argument.getPackAsArray();
    for (const TemplateArgument& type : types) {
      if (type.getKind() != TemplateArgument::Type || isAllocator(type.getAsType(), context_))
        continue;
      auto* behind = type.getAsType()->getAsCXXRecordDecl();
      if (behind && behind->hasDefinition() && behind->isAbstract())
        continue; // behind an owner, whose obstacle it is
      if (auto obstacle = inType(type.getAsType())) {
        obstacle->path = "[...]" + obstacle->path;
        return obstacle;
      }
    }
  }
  return std::nullopt;
}

std::optional<Obstacle> ObstacleSearch::inMembers(const CXXRecordDecl* record) {
  for (const CXXBaseSpecifier& base : record->bases())
    if (isSelfReference(base.getType()))
      mayShare_ = true;
    else if (auto obstacle = inType(base.getType()))
      return obstacle;
  auto capture =
      record->isLambda() ? record->captures_begin() : CXXRecordDecl::capture_const_iterator();
  for (const FieldDecl* field : record->fields()) {
    std::string name = field->getNameAsString();
    if (record->isLambda()) {
      name = capture->capturesVariable() ? capture->getCapturedVar()->getNameAsString() : "this";
      ++capture;
    }
    auto obstacle = inType(field->getType());
    if (!obstacle)
      continue;
    obstacle->path = (name.empty() ? "" : "." + name) + obstacle->path;
    if (!obstacle->member && !obstacle->closed && !record->isLambda())
      obstacle->member = field;
    return obstacle;
  }
  return std::nullopt;
}

} // namespace roam::plugin
