// One process of roam-compiler an object.
#include "tools/object-making.h"
#include "tools/child-program.h"
#include <atomic>
#include <fmt/format.h>
#include <map>
#include <span>
#include <stdexcept>
#include <thread>

namespace roam::tools {
namespace {

/// For one slice. The largest of the tests takes 2 s.
constexpr int mostSeconds = 600;

struct Job {
  Digest digest;
  std::string_view code;
  std::string cpu;
};

struct Outcome {
  std::vector<std::byte> object;
  std::string failure; ///< empty if there is an object
};

std::vector<std::byte> compile(const std::string& compiler, const Job& job) {
  ChildResult ran = runChild({compiler, "compile", "--target", job.cpu}, job.code, mostSeconds);
  while (ran.errors.ends_with('\n'))
    ran.errors.pop_back();
  if (ran.status != 0)
    throw std::runtime_error(
        ran.errors.empty() ? fmt::format("roam-compiler ended with {}", ran.status) : ran.errors);
  auto object = std::as_bytes(std::span(ran.output));
  if (CompiledObject::read(object).slice != job.digest)
    throw std::runtime_error("roam-compiler compiled something else");
  return {object.begin(), object.end()};
}

std::vector<Outcome> compileAll(const std::string& compiler, const std::vector<Job>& jobs) {
  std::vector<Outcome> outcomes(jobs.size());
  std::atomic<std::size_t> next = 0;
  auto work = [&] {
    for (std::size_t i; (i = next++) < jobs.size();)
      try {
        outcomes[i].object = compile(compiler, jobs[i]);
      } catch (const std::runtime_error& error) {
        outcomes[i].failure = error.what();
      }
  };
  std::vector<std::jthread> threads;
  for (unsigned i = 1; i < std::thread::hardware_concurrency(); ++i)
    threads.emplace_back(work);
  work();
  threads.clear();
  return outcomes;
}

} // namespace

std::vector<std::string> addObjects(BundleWriter& bundle, const std::vector<std::string>& cpus,
                                    const std::string& compiler) {
  std::vector<Job> jobs;
  for (const std::string& cpu : cpus)
    for (const Digest& digest : bundle.digests())
      jobs.push_back({digest, bundle.code(digest), cpu});
  std::vector<Outcome> outcomes = compileAll(compiler, jobs);
  std::vector<std::string> failures;
  std::map<std::string, std::string> useless; // CPUs that nothing was compiled for yet, and why
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto& [digest, code, cpu] = jobs[i];
    if (outcomes[i].failure.empty()) {
      bundle.addObject(std::move(outcomes[i].object));
      useless[cpu] = "";
      continue;
    }
    useless.try_emplace(cpu, outcomes[i].failure);
    failures.push_back(
        fmt::format("the object of {} for {}: {}", digest.shortened(), cpu, outcomes[i].failure));
  }
  for (auto& [cpu, why] : useless)
    if (!why.empty())
      throw std::runtime_error(fmt::format("no object could be made for {}: {}", cpu, why));
  return failures;
}

} // namespace roam::tools
