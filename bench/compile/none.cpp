// A file that sends nothing and that no other file could call, with headers of the standard library
// and static functions that use them, for the `compile-none` figure.
#include <algorithm>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

static std::map<std::string, int> countWords(const std::string& text) {
  std::map<std::string, int> counts;
  std::istringstream words(text);
  for (std::string word; words >> word;)
    ++counts[word];
  return counts;
}

static std::vector<std::pair<int, std::string>> mostFrequent(const std::string& text) {
  std::vector<std::pair<int, std::string>> sorted;
  for (auto& [word, count] : countWords(text))
    sorted.emplace_back(count, word);
  std::sort(sorted.rbegin(), sorted.rend());
  return sorted;
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i)
    for (auto& [count, word] : mostFrequent(argv[i]))
      std::cout << word << " " << count << "\n";
}
