// `roam bundle`: makes bundles of programs, and looks into them.
#include "jit/slice/bundle-file.h"
#include "jit/slice/bundle-writer.h"
#include "runtime/bundle-signature.h"
#include "runtime/peer/peer-options.h"
#include "tools/bundle-reports.h"
#include "tools/cluster-closures.h"
#include "tools/commands.h"
#include "tools/files.h"
#include "tools/joining.h"
#include "tools/object-making.h"
#include "tools/program-closures.h"
#include <fmt/format.h>
#include <memory>
#include <string>
#include <vector>

namespace roam::tools {
namespace {

struct Wish {
  std::string output;
  std::vector<std::string> programs; ///< or bundles
  std::string project;               ///< folder with compile_commands.json
  std::string cluster;               ///< addresses of peers
  std::string cpus = "native";       ///< that objects are made for
  std::vector<std::string> keys;     ///< PEM files: private to sign with, public to verify
  bool plain = false;
};

/// A program or library, and not a source file.
bool isElf(const std::string& path) {
  return readFile(path).starts_with("\177ELF");
}

/// Signs, writes, and says so.
int finish(const BundleWriter& bundle, const Wish& wish,
           const std::vector<BundleSignature>& kept = {}) {
  std::vector<std::byte> bytes = bundle.write();
  for (const BundleSignature& signature : kept)
    appendSignature(bytes, signature);
  for (const std::string& key : wish.keys)
    appendSignature(bytes, sign(Bundle::read(bytes), key));
  writeFile(wish.output, bytes);
  fmt::print("{}: {} entries, {} bytes\n", wish.output, bundle.size(), bytes.size());
  return exitDone;
}

net::JoinOptions clusterOf(const Wish& wish) {
  ConfiguredValues flags{{"join", {{wish.cluster}, "flag --from-cluster"}}};
  return Configuration::ofThisProcess(std::move(flags)).joinOptions();
}

int make(const Wish& wish) {
  BundleWriter bundle;
  auto tell = [](const std::vector<std::string>& leftOut) {
    for (const std::string& line : leftOut)
      fmt::print(stderr, "roam bundle: left out: {}\n", line);
  };
  std::vector<std::string> sources;
  for (const std::string& program : wish.programs)
    if (!wish.project.empty() && !isElf(program))
      sources.push_back(program);
    else
      tell(addProgram(bundle, program));
  if (!sources.empty())
    tell(addSources(bundle, sources, wish.project));
  if (!wish.cluster.empty())
    tell(addCluster(bundle, addressesOf(clusterOf(wish))));
  if (wish.cpus != "none")
    tell(addObjects(bundle, CLI::detail::split(wish.cpus, ','), peer::findCompiler()));
  return finish(bundle, wish);
}

int show(const Wish& wish) {
  for (const std::string& path : wish.programs)
    fmt::print("{}", contentsOf(BundleFile(path).bundle(), wish.plain));
  return exitDone;
}

int verify(const Wish& wish) {
  std::vector<PublicKey> keys;
  for (const std::string& key : wish.keys)
    keys.push_back(PublicKey::read(key));
  bool isWhole = true;
  for (const std::string& path : wish.programs) {
    BundleFile file(path);
    std::vector<std::string> faults = faultsOf(file.bundle(), keys);
    for (const std::string& fault : faults)
      fmt::print(stderr, "roam bundle: {}: {}\n", path, fault);
    std::size_t signatures = file.bundle().signatures().size();
    if (faults.empty())
      fmt::print("{}: {} entries, all whole; {}\n", path, file.bundle().entries().size(),
                 signatures == 0 ? "not signed" : fmt::format("{} true signatures", signatures));
    isWhole = isWhole && faults.empty();
  }
  return isWhole ? exitDone : exitFailed;
}

/// Signatures stay if the content does: so a further one can be added to a bundle.
int merge(const Wish& wish) {
  BundleWriter merged;
  std::vector<BundleFile> files;
  for (const std::string& path : wish.programs) {
    files.emplace_back(path);
    try {
      merged.add(files.back().bundle());
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(fmt::format("{}: {}", path, error.what()));
    }
  }
  std::vector<std::byte> bytes = merged.write();
  std::vector<BundleSignature> kept;
  for (const BundleFile& file : files)
    if (file.bundle().contentDigest() == Bundle::read(bytes).contentDigest())
      kept.insert(kept.end(), file.bundle().signatures().begin(), file.bundle().signatures().end());
  return finish(merged, wish, kept);
}

int diff(const Wish& wish) {
  BundleFile before(wish.programs.at(0)), after(wish.programs.at(1));
  fmt::print("{}", differenceOf(before.bundle(), after.bundle()));
  return exitDone;
}

/// The arguments and options that several of the commands have.
class Words {
 public:
  Words(CLI::App& command, Wish& wish) : command_(command), wish_(wish) {}

  Words& output() {
    command_.add_option("-o,--output", wish_.output, "The file to write; it is replaced at once")
        ->required();
    return *this;
  }
  Words& sign() {
    command_
        .add_option("--sign", wish_.keys,
                    "Sign it with this private key, a PEM file as `openssl genpkey -algorithm "
                    "ed25519` makes it. May be repeated")
        ->allow_extra_args(false);
    return *this;
  }
  Words& bundles(int least, int most) {
    command_.add_option("BUNDLE", wish_.programs, "Files that `roam bundle` made")
        ->required()
        ->expected(least, most);
    return *this;
  }

 private:
  CLI::App& command_;
  Wish& wish_;
};

constexpr int many = 1 << 20;

void addInspections(CLI::App& parent, Command& chosen, const std::shared_ptr<Wish>& wish) {
  auto* shown = parent.add_subcommand(
      "show", "List what is in a bundle: digest, how often it was used (0: not known), bytes of "
              "code, place in the source, CPUs it has objects for; and who signed it.");
  Words(*shown, *wish).bundles(1, many);
  shown->add_flag("--plain", wish->plain,
                  "For scripts: the same columns separated by tabs, with whole digests");
  shown->callback([&chosen, wish] { chosen = [wish] { return show(*wish); }; });

  auto* verified = parent.add_subcommand(
      "verify", "Compare every byte of a bundle with its digest, and its signatures with their "
                "keys. Tells all that is wrong, and ends with 1 then.");
  Words(*verified, *wish).bundles(1, many);
  verified
      ->add_option("--key", wish->keys,
                   "One of these public keys (PEM files) must have signed it. May be repeated")
      ->allow_extra_args(false);
  verified->callback([&chosen, wish] { chosen = [wish] { return verify(*wish); }; });

  auto* compared = parent.add_subcommand(
      "diff", "Print what is only in the first (-), only in the second (+), or has another weight "
              "or other objects (~). Prints nothing for equal contents.");
  Words(*compared, *wish).bundles(2, 2);
  compared->callback([&chosen, wish] { chosen = [wish] { return diff(*wish); }; });
}

} // namespace

void addBundleCommand(CLI::App& app, Command& chosen) {
  auto wish = std::make_shared<Wish>();
  auto* command = app.add_subcommand(
      "bundle",
      "Make a file with the code of programs, so that a peer started with it (`roam peer "
      "--bundle`) needs no code from them. The programs are read, not run. Closures that cannot be "
      "sent are named on standard error, and left out.");
  auto* merged = command->add_subcommand(
      "merge", "Write one bundle with what is in several: weights add, objects of all CPUs.");
  Words(*merged, *wish).output().sign().bundles(1, many);
  merged->callback([&chosen, wish] { chosen = [wish] { return merge(*wish); }; });
  addInspections(*command, chosen, wish);

  auto made = std::make_shared<Wish>();
  Words words(*command, *made);
  words.sign();
  auto* output =
      command->add_option("-o,--output", made->output, "The file to write; it is replaced at once");
  command
      ->add_option("PROGRAM", made->programs,
                   "Executables and shared libraries built with Roam; or sources, with -p")
      ->check(CLI::ExistingFile);
  command
      ->add_option("-p,--project", made->project,
                   "Build folder with a compile_commands.json: source files of one program may "
                   "stand for it then, and are compiled as that says")
      ->check(CLI::ExistingDirectory);
  command
      ->add_option("--target", made->cpus,
                   "CPUs to compile for, separated by commas: names as clang's -march takes them "
                   "(x86-64-v3), native for this one; none for slices alone, which peers compile")
      ->capture_default_str();
  command->add_option(
      "--from-cluster", made->cluster,
      "Where running peers are found, as for --join: what they have run, and how often");
  command->callback([&chosen, command, made, output] {
    if (!command->get_subcommands().empty())
      return;
    if (output->empty() || (made->programs.empty() && made->cluster.empty()))
      throw CLI::RequiredError("-o FILE and a PROGRAM or --from-cluster, or a subcommand");
    chosen = [made] { return make(*made); };
  });
}

} // namespace roam::tools
