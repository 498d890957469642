// Families of intrinsics by the beginnings of their names, and AVX-512, where the end counts too.
#include "jit/slice/cpu-features.h"
#include <algorithm>

namespace roam {
namespace {

struct Family {
  std::string_view beginning, features;
};

/// Behind "llvm.x86."; the first that fits. SSE2 and what is older is in every x86-64.
constexpr Family families[] = {
    {"aadd", "raoint"},
    {"aand", "raoint"},
    {"aor", "raoint"},
    {"axor", "raoint"},
    {"aesdecwide", "widekl"},
    {"aesencwide", "widekl"},
    {"aesdec", "kl"},
    {"aesenc", "kl"},
    {"encodekey", "kl"},
    {"loadiwkey", "kl"},
    {"aesni.", "aes"},
    {"avx2.vpdpb", "avxvnniint8"},
    {"avx2.vpdpw", "avxvnniint16"},
    {"avx2.", "avx2"},
    {"avx.", "avx"},
    {"bmi.pdep", "bmi2"},
    {"bmi.pext", "bmi2"},
    {"bmi.bzhi", "bmi2"},
    {"bmi.", "bmi"},
    {"cldemote", "cldemote"},
    {"clflushopt", "clflushopt"},
    {"clui", "uintr"},
    {"stui", "uintr"},
    {"testui", "uintr"},
    {"senduipi", "uintr"},
    {"clwb", "clwb"},
    {"clzero", "clzero"},
    {"cmpccxadd", "cmpccxadd"},
    {"directstore", "movdiri"},
    {"enqcmd", "enqcmd"},
    {"fma.", "fma"},
    {"fma4.", "fma4"},
    {"invpcid", "invpcid"},
    {"ldtilecfg", "amx-tile"},
    {"sttilecfg", "amx-tile"},
    {"tile", "amx-tile"},
    {"tcmm", "amx-complex"},
    {"tdpbf16ps", "amx-bf16"},
    {"tdpfp16ps", "amx-fp16"},
    {"tdpb", "amx-int8"},
    {"cast.tile", "amx-tile"},
    {"cast.vector", "amx-tile"},
    {"llwpcb", "lwp"},
    {"slwpcb", "lwp"},
    {"lwp", "lwp"},
    {"mmx.palignr", "ssse3"},
    {"monitorx", "mwaitx"},
    {"mwaitx", "mwaitx"},
    {"movdir64b", "movdir64b"},
    {"pclmulqdq.", "vpclmulqdq"},
    {"pclmulqdq", "pclmul"},
    {"ptwrite", "ptwrite"},
    {"rdfsbase", "fsgsbase"},
    {"rdgsbase", "fsgsbase"},
    {"wrfsbase", "fsgsbase"},
    {"wrgsbase", "fsgsbase"},
    {"rdpid", "rdpid"},
    {"rdpru", "rdpru"},
    {"rdrand", "rdrnd"},
    {"rdseed", "rdseed"},
    {"serialize", "serialize"},
    {"sha", "sha"},
    {"sse3.", "sse3"},
    {"sse41.", "sse4.1"},
    {"sse42.crc32", "crc32"},
    {"sse42.", "sse4.2"},
    {"sse4a.", "sse4a"},
    {"ssse3.", "ssse3"},
    {"tbm.", "tbm"},
    {"tpause", "waitpkg"},
    {"umonitor", "waitpkg"},
    {"umwait", "waitpkg"},
    {"urdmsr", "usermsr"},
    {"uwrmsr", "usermsr"},
    {"vbcstne", "avxneconvert"},
    {"vcvtneps2bf16", "avx512bf16,avx512vl|avxneconvert"},
    {"vcvtne", "avxneconvert"},
    {"vcvtps2ph", "f16c"},
    {"vcvtph2ps", "f16c"},
    {"vgf2p8", "gfni"},
    {"vsha512", "sha512"},
    {"vsm3", "sm3"},
    {"vsm4", "sm4"},
    {"wbnoinvd", "wbnoinvd"},
    {"xabort", "rtm"},
    {"xbegin", "rtm"},
    {"xend", "rtm"},
    {"xtest", "rtm"},
    {"xop.", "xop"},
    {"xresldtrk", "tsxldtrk"},
    {"xsusldtrk", "tsxldtrk"},
    {"xrstors", "xsaves"},
    {"xsaves", "xsaves"},
    {"xsavec", "xsavec"},
    {"xsaveopt", "xsaveopt"},
    {"xrstor", "xsave"},
    {"xsave", "xsave"},
};

/// Parts of names behind "llvm.x86.avx512"; the first that is found.
constexpr Family avx512Parts[] = {
    {"fp16.", "avx512fp16"},
    {"bf16.", "avx512bf16"},
    {".broadcastm", "avx512cd"},
    {".conflict", "avx512cd"},
    {".vp2intersect", "avx512vp2intersect"},
    {".vpshufbitqmb", "avx512bitalg"},
    {".vpdp", "avx512vnni"},
    {".vpmadd52", "avx512ifma"},
    {".pmultishift", "avx512vbmi"},
    {".permvar.qi", "avx512vbmi"},
    {".vpermi2var.qi", "avx512vbmi"},
    {"fpclass", "avx512dq"},
    {".range", "avx512dq"},
    {".reduce", "avx512dq"},
    {"qq2p", "avx512dq"},
    {"2qq", "avx512dq"},
    {"2uqq", "avx512dq"},
    {"itofp.round", "avx512dq"},
    {".kadd", "avx512bw,avx512dq"},
    {".ktest", "avx512bw,avx512dq"},
    {".pack", "avx512bw"},
    {".pmadd", "avx512bw"},
    {".pmul", "avx512bw"},
    {".psad", "avx512bw"},
    {".pshuf.b", "avx512bw"},
    {".dbpsadbw", "avx512bw"},
    {".pavg", "avx512bw"},
    {".hi", "avx512bw"},
    {".w.", "avx512bw"},
    {".wb.", "avx512bw"},
};

std::string avx512FeaturesOf(std::string_view name) {
  std::string features = "avx512f";
  if (name.find("compress") != name.npos || name.find("expand") != name.npos)
    features = name.ends_with("i8") || name.ends_with("i16") ? "avx512vbmi2" : "avx512f";
  else
    for (const Family& part : avx512Parts)
      if (name.find(part.beginning) != name.npos) {
        features = part.features;
        break;
      }
  // Of shorter vectors than 64 bytes; a name without a length may be of any.
  bool shorter = name.ends_with(".128") || name.ends_with(".256") || name.ends_with("cvtpd2ps");
  for (std::string_view part : {"compress", "expand", "gather3", "scatterdiv", "scattersiv"})
    shorter |= name.find(part) != name.npos;
  if (shorter)
    features += ",avx512vl";
  if (features == "avx512vnni,avx512vl")
    features += "|avxvnni";
  if (features == "avx512ifma,avx512vl")
    features += "|avxifma";
  return features;
}

/// Between the separators; all of `text` if there is none.
std::string_view takePart(std::string_view& text, char separator) {
  std::size_t end = std::min(text.find(separator), text.size());
  std::string_view part = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

} // namespace

std::string cpuFeaturesOf(std::string_view intrinsic) {
  constexpr std::string_view x86 = "llvm.x86.", avx512 = "avx512";
  if (!intrinsic.starts_with(x86))
    return {};
  intrinsic.remove_prefix(x86.size());
  if (intrinsic.starts_with(avx512))
    return avx512FeaturesOf(intrinsic.substr(avx512.size()));
  for (const Family& family : families)
    if (intrinsic.starts_with(family.beginning)) {
      std::string features(family.features);
      if (features == "aes" && (intrinsic.ends_with(".256") || intrinsic.ends_with(".512")))
        features = "vaes";
      if (features == "gfni" && intrinsic.ends_with(".256"))
        features += ",avx";
      if (intrinsic.ends_with(".512"))
        features += ",avx512f";
      return features;
    }
  return {};
}

bool fulfils(std::string_view features, const std::function<bool(std::string_view)>& cpuHas) {
  do {
    std::string_view all = takePart(features, '|');
    bool has = true;
    while (has && !all.empty())
      has = cpuHas(takePart(all, ','));
    if (has)
      return true;
  } while (!features.empty());
  return false;
}

std::string inWords(std::string_view features) {
  std::string words;
  for (char c : features)
    words += c == ',' ? " and " : c == '|' ? ", or " : std::string(1, c);
  return words;
}

} // namespace roam
