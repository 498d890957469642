// Types of the standard library that own nothing, or are bound to this process; and elements of those that own.
#include "ship.h"
#include <any>
#include <atomic>
#include <coroutine>
#include <cstdio>
#include <functional>
#include <locale>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <regex>
#include <set>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <typeindex>
#include <variant>

struct Zone; // as std::chrono::time_zone
class Log {
  FILE* file_ = nullptr; // expected-note {{'file_' is declared here; send the object itself}}
};
struct Close {
  void operator()(FILE* file) const { fclose(file); }
};
class Handler {
  void (*call_)(int) = nullptr; // expected-note {{'call_' is declared here; make it public, or hold a lambda}}
};

void all(std::vector<int> v, std::map<std::string, std::vector<const char*>> m) {
  std::string_view view = "abc";
  ship([view] { return view.size(); }); // expected-error {{capture 'view' cannot travel to another machine: it is a std::string_view, which does not own its characters}} \
                                        // expected-note {{send a std::string instead}} expected-note {{sent from here}}
  std::span<int> span = v;
  ship([span] { return span.size(); }); // expected-error {{it is a std::span}} expected-note {{send a std::vector instead}} expected-note {{sent from here}}
  ship([it = v.begin()] { return *it; }); // expected-error {{it is an iterator}} expected-note {{send the elements}} expected-note {{sent from here}}
  ship([m] { return m.size(); }); // expected-error {{it holds a raw pointer ('const char *') in 'm[...][...]'}} expected-note {{send a std::string}} expected-note {{sent from here}}
  std::function<int()> function;
  ship([function] { return function(); });
  std::shared_ptr<int[]> array;
  ship([array] { return array[0]; }); // expected-error {{which does not know its length}} expected-note {{send a std::shared_ptr to a std::vector instead}} expected-note {{sent from here}}
  auto ref = std::ref(v);
  ship([ref] { return ref.get().size(); }); // expected-error {{it is a std::reference_wrapper}} expected-note {{send the object}} expected-note {{sent from here}}
  auto bound = std::bind(std::plus<int>(), 1, std::placeholders::_1);
  ship([bound]() mutable { return bound(2); }); // expected-error {{capture 'bound' cannot travel to another machine: it is what std::bind or std::bind_front made}} expected-note {{send a lambda instead}} expected-note {{sent from here}}
  std::variant<int, int*> variant;
  ship([variant] { return variant.index(); }); // expected-error {{it holds a raw pointer ('int *') in 'variant[...]'}} expected-note {{send the object}} expected-note {{sent from here}}
  std::optional<std::string_view> optional;
  ship([optional] { return optional->size(); }); // expected-error {{it holds a std::string_view, which does not own its characters in 'optional[...]'}} expected-note {{send a std::string}} expected-note {{sent from here}}
  std::error_code error;
  ship([error] { return error.value(); }); // expected-error {{it is a std::error_code}} expected-note {{value()}} expected-note {{sent from here}}
  auto here = std::source_location::current();
  ship([here] { return here.line(); }); // expected-error {{it is a std::source_location}} expected-note {{line()}} expected-note {{sent from here}}
  auto all = std::views::all(v);
  ship([all] { return all.size(); }); // expected-error {{which refers to something of this process}} expected-note {{send what it refers to}} expected-note {{sent from here}}
  ship([pattern = std::regex("a+")] { return std::regex_match("aa", pattern); }); // expected-error {{capture 'pattern' cannot travel to another machine: it is a std::regex, which does not keep its pattern}} expected-note {{send the pattern as a std::string, and make the std::regex inside the lambda}} expected-note {{sent from here}}
  ship([language = std::locale()] { return language.name(); }); // expected-error {{it is a std::locale}} expected-note {{send its name()}} expected-note {{sent from here}}
  std::any any;
  ship([any] { return any.has_value(); }); // expected-error {{it is a std::any, which hides what it holds}} expected-note {{std::variant}} expected-note {{sent from here}}
  auto range = std::pair(v.begin(), v.end());
  ship([range] { return range.second - range.first; }); // expected-error {{it holds an iterator in 'range[...]'}} expected-note {{send the elements}} expected-note {{sent from here}}
  std::coroutine_handle<> coroutine;
  ship([coroutine] { return coroutine.done(); }); // expected-error {{it is a std::coroutine_handle, which is an address}} expected-note {{start the coroutine over there}} expected-note {{sent from here}}
  std::type_index type = typeid(int);
  ship([type] { return type.hash_code(); }); // expected-error {{it is a std::type_index}} expected-note {{the type's name}} expected-note {{sent from here}}
  ship([zone = static_cast<const Zone*>(nullptr)] { return zone == nullptr; }); // expected-error {{it is a raw pointer ('const Zone *')}} expected-note {{send the object itself}} expected-note {{sent from here}}
  ship([log = Log()] { return sizeof log; }); // expected-error {{it holds a raw pointer ('_IO_FILE *') in 'log.file_'}} expected-note {{sent from here}}
  std::unique_ptr<FILE, Close> file;
  ship([f = std::move(file)] { return f == nullptr; }); // expected-error {{it holds a raw pointer ('char *') in 'f[...]._IO_read_ptr'}} expected-note@*:* {{'_IO_read_ptr' is declared here}} expected-note {{sent from here}}
  ship([handlers = std::vector<Handler>(1)] { return handlers.size(); }); // expected-error {{it holds a function pointer ('void (*)(int)') that is not public in 'handlers[...].call_'}} expected-note {{sent from here}}
  auto lock = std::make_shared<std::mutex>();
  ship([lock] { return lock != nullptr; }); // expected-error {{it holds a lock of this process in 'lock[...]'}} expected-note {{static variable inside the lambda}} expected-note {{sent from here}}
}
