// Counts the words of every file under some folders, one file an element, and prints the most
// frequent.
//
//   word-count [--all] [FOLDER...]     default: this machine's licence texts and C++ headers
//
//   1. List the files here; peers read them themselves, so only their names travel.
//   2. Map: one file to its words and counts, on the peers.
//   3. Add up here. A word is a run of ASCII letters, in lower case: `tr -cs A-Za-z '\n' | tr A-Z
//   a-z | sort | uniq -c`.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <roam/roam.h>
#include <unordered_map>

using Counts = std::unordered_map<std::string, std::uint64_t>;

static std::vector<std::string> filesUnder(const std::vector<std::string>& folders) {
  std::vector<std::string> files;
  for (auto& folder : folders)
    for (auto& entry : std::filesystem::recursive_directory_iterator(folder))
      if (entry.is_regular_file())
        files.push_back(entry.path().string());
  return files;
}

int main(int argc, char** argv) {
  std::vector<std::string> folders(argv + 1, argv + argc);
  bool all = std::erase(folders, "--all") > 0;
  if (folders.empty())
    folders = {"/usr/share/common-licenses", "/usr/include/c++"};

  roam::Cluster cluster = roam::connect();
  std::vector<std::string> files = filesUnder(folders); // 1

  auto countWords = [](const std::string& path) { // 2
    std::ifstream file(path, std::ios::binary);
    std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    Counts counts;
    std::string word;
    auto end = [&] {
      if (!word.empty())
        ++counts[word];
      word.clear();
    };
    for (char c : text) {
      char lower = c >= 'A' && c <= 'Z' ? char(c + 'a' - 'A') : c;
      if (lower >= 'a' && lower <= 'z')
        word += lower;
      else
        end();
    }
    end();
    return counts;
  };

  std::map<std::string, std::uint64_t> total; // 3
  for (auto& [index, counts] : cluster.mapUnordered(files, countWords))
    for (auto& [word, count] : counts)
      total[word] += count;

  std::vector<std::pair<std::string, std::uint64_t>> byCount(total.begin(), total.end());
  std::sort(byCount.begin(), byCount.end(), [](auto& a, auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (!all)
    byCount.resize(std::min<std::size_t>(byCount.size(), 10));
  for (auto& [word, count] : byCount)
    std::printf("%8lu %s\n", static_cast<unsigned long>(count), word.c_str());
  std::fprintf(stderr, "%zu files, %zu different words\n", files.size(), total.size());
}
