// So much code that it is compiled quickly first; it counts its calls, also in a thread_local.
#include "entry-main.h"
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

ENTRY() {
  static std::int64_t calls = 0;
  thread_local std::int64_t callsOfThread = 0;
  ++calls;
  ++callsOfThread;
  std::map<std::string, std::vector<std::string>> found;
  std::string word;
  for (char letter : std::string(arguments, argumentsSize)) {
    if (letter == ' ')
      found[word.substr(0, 4)].push_back(std::exchange(word, {}));
    else
      word += letter;
  }
  for (auto& [start, words] : found)
    std::sort(words.begin(), words.end());
  std::int64_t results[] = {calls, callsOfThread, static_cast<std::int64_t>(found.size())};
  out->write(results, sizeof results);
  return roam::Outcome::done;
}
