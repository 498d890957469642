// How headers ask whether the plugin is loaded: `__has_attribute(roam_plugin)`.
//
// The macro __ROAM_PLUGIN__ is not enough. It is defined where a translation unit is parsed, but a
// file may be preprocessed in a step of its own before (-E, -save-temps, ccache, distcc), with the
// plugin loaded and never asked. An attribute of a plugin is known there, too.
#include "clang/Sema/ParsedAttr.h"

using namespace clang;

namespace roam::plugin {
namespace {

/// Means nothing where it is written.
struct PresenceAttribute : ParsedAttrInfo {
  PresenceAttribute() {
    static constexpr Spelling spellings[] = {{ParsedAttr::AS_GNU, "roam_plugin"}};
    Spellings = spellings;
  }
  AttrHandling handleDeclAttribute(Sema&, Decl*, const ParsedAttr&) const override {
    return AttributeApplied;
  }
};

ParsedAttrInfoRegistry::Add<PresenceAttribute> registration("roam_plugin",
                                                            "Roam's compiler plugin is loaded");

} // namespace
} // namespace roam::plugin
