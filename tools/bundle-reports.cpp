// The texts about bundles.
#include "tools/bundle-reports.h"
#include "jit/slice/manifest.h"
#include "net/log.h"
#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>
#include <set>

namespace roam::tools {
namespace {

/// "price.cpp:12", without its folders; "?" where no description says.
std::string placeOf(const BundleEntry& entry) {
  auto bytes = entry.description.unchecked;
  try {
    auto about = Description::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    if (!about.file.empty())
      return net::oneLine(
          fmt::format("{}:{}", about.file.substr(about.file.rfind('/') + 1), about.line));
  } catch (const std::runtime_error&) { // `verify` tells of it
  }
  return "?";
}

/// "haswell", and "haswell/O0" for code that was compiled quickly.
std::string shortName(const ObjectTarget& target) {
  return target.level == 2 ? target.cpu : fmt::format("{}/O{}", target.cpu, target.level);
}

std::string targetsOf(const BundleEntry& entry) {
  std::vector<std::string> names;
  for (const BundleObject& object : entry.objects)
    names.push_back(shortName(*object.target));
  return names.empty() ? "-" : fmt::format("{}", fmt::join(names, ","));
}

std::string signatureLines(const Bundle& bundle) {
  std::string lines;
  for (const BundleSignature& signature : bundle.signatures())
    lines += fmt::format("{} {}\n",
                         isTrue(signature, bundle) ? "signed by" : "NOT TRUE: the signature of",
                         PublicKey{signature.key}.toString());
  return lines.empty() ? "not signed\n" : lines;
}

using Objects = std::map<std::string, Digest>; ///< by the text of their target

Objects objectsOf(const BundleEntry& entry) {
  Objects objects;
  for (const BundleObject& object : entry.objects)
    objects.emplace(object.target->toText(), object.written.digest);
  return objects;
}

} // namespace

std::string contentsOf(const Bundle& bundle, bool plain) {
  std::string text;
  auto line = [&](auto&&... columns) {
    text += plain ? fmt::format("{}\t{}\t{}\t{}\t{}\n", columns...)
                  : fmt::format("{:<12} {:>10} {:>9}  {:<28} {}\n", columns...);
  };
  if (!plain)
    line("DIGEST", "WEIGHT", "BYTES", "PLACE", "OBJECTS");
  for (const BundleEntry& entry : bundle.entries())
    line(plain ? entry.digest.toString() : entry.digest.shortened(), entry.weight,
         entry.code.unchecked.size(), placeOf(entry), targetsOf(entry));
  if (plain)
    return text;
  for (const ObjectTarget& target : bundle.targets())
    text += fmt::format("objects for {} on {}, by LLVM {}\n", shortName(target), target.triple,
                        target.llvm);
  return text +
         fmt::format("{} entries, content {}\n", bundle.entries().size(),
                     bundle.contentDigest().toString()) +
         signatureLines(bundle);
}

std::vector<std::string> faultsOf(const Bundle& bundle, const std::vector<PublicKey>& keys) {
  std::vector<std::string> faults;
  auto check = [&](const std::string& what, auto&& act) {
    try {
      act();
    } catch (const std::runtime_error& error) {
      faults.push_back(fmt::format("{}: {}", what, error.what()));
    }
  };
  for (const BundleEntry& entry : bundle.entries()) {
    std::string name = entry.digest.shortened();
    check(name + ", code", [&] { entry.code.take(); });
    check(name + ", description", [&] {
      auto bytes = entry.description.take();
      Description::parse({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    });
    for (const BundleObject& object : entry.objects)
      check(name + ", object for " + shortName(*object.target), [&] { object.take(); });
  }
  for (const BundleSignature& signature : bundle.signatures())
    if (!isTrue(signature, bundle))
      faults.push_back(
          fmt::format("the signature of {} is not true", PublicKey{signature.key}.toString()));
  if (!keys.empty())
    if (std::string refusal = refusalOf(bundle, keys); !refusal.empty())
      faults.push_back(refusal);
  return faults;
}

std::string differenceOf(const Bundle& before, const Bundle& after) {
  std::string text;
  auto line = [&](char sign, const BundleEntry& entry, const std::string& what) {
    text += fmt::format("{} {} {}{}\n", sign, entry.digest.toString(), placeOf(entry), what);
  };
  std::set<Digest> digests;
  for (const Bundle* bundle : {&before, &after})
    for (const BundleEntry& entry : bundle->entries())
      digests.insert(entry.digest);
  for (const Digest& digest : digests) {
    const BundleEntry *old = before.find(digest), *now = after.find(digest);
    if (now == nullptr)
      line('-', *old, "");
    else if (old == nullptr)
      line('+', *now, "");
    else {
      if (old->weight != now->weight)
        line('~', *now, fmt::format(" weight {}, was {}", now->weight, old->weight));
      if (objectsOf(*old) != objectsOf(*now))
        line('~', *now,
             targetsOf(*old) == targetsOf(*now)
                 ? fmt::format(" compiled anew for {}", targetsOf(*now))
                 : fmt::format(" objects {}, were {}", targetsOf(*now), targetsOf(*old)));
    }
  }
  return text;
}

} // namespace roam::tools
