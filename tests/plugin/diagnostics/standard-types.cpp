// Types of the standard library that own nothing, or are bound to this process; and elements of those that own.
#include "ship.h"
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <set>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <variant>

void all(std::vector<int> v, std::map<std::string, std::vector<const char*>> m) {
  std::string_view view = "abc";
  ship([view] { return view.size(); }); // expected-error {{capture 'view' cannot travel to another machine: it is a std::string_view, which does not own its characters}} \
                                        // expected-note {{send a std::string instead}} expected-note {{sent from here}}
  std::span<int> span = v;
  ship([span] { return span.size(); }); // expected-error {{it is a std::span}} expected-note {{send a std::vector instead}} expected-note {{sent from here}}
  ship([it = v.begin()] { return *it; }); // expected-error {{it is an iterator}} expected-note {{send the elements}} expected-note {{sent from here}}
  ship([m] { return m.size(); }); // expected-error {{it holds a raw pointer ('const char *') in 'm[...][...]'}} expected-note {{send a std::string}} expected-note {{sent from here}}
  std::function<int()> function;
  ship([function] { return function(); }); // expected-error {{it is a std::function, which hides what it holds}} expected-note {{send the lambda itself}} expected-note {{sent from here}}
  auto ref = std::ref(v);
  ship([ref] { return ref.get().size(); }); // expected-error {{it is a std::reference_wrapper}} expected-note {{send the object}} expected-note {{sent from here}}
  std::variant<int, int*> variant;
  ship([variant] { return variant.index(); }); // expected-error {{it holds a raw pointer ('int *') in 'variant[...]'}} expected-note {{send the object}} expected-note {{sent from here}}
  std::optional<std::string_view> optional;
  ship([optional] { return optional->size(); }); // expected-error {{it holds a std::string_view, which does not own its characters in 'optional[...]'}} expected-note {{send a std::string}} expected-note {{sent from here}}
  auto shared = std::make_shared<int>(1);
  ship([weak = std::weak_ptr<int>(shared)] { return weak.expired(); }); // expected-error {{it is a std::weak_ptr}} expected-note {{std::shared_ptr}} expected-note {{sent from here}}
  std::error_code error;
  ship([error] { return error.value(); }); // expected-error {{it is a std::error_code}} expected-note {{value()}} expected-note {{sent from here}}
  auto here = std::source_location::current();
  ship([here] { return here.line(); }); // expected-error {{it is a std::source_location}} expected-note {{line()}} expected-note {{sent from here}}
  auto all = std::views::all(v);
  ship([all] { return all.size(); }); // expected-error {{which refers to something of this process}} expected-note {{send what it refers to}} expected-note {{sent from here}}
  std::set<int, bool (*)(int, int)> ordered(nullptr);
  ship([ordered] { return ordered.size(); }); // expected-error {{it holds a function pointer ('bool (*)(int, int)') in 'ordered[...]'}} expected-note {{write a lambda}} expected-note {{sent from here}}
  auto lock = std::make_shared<std::mutex>();
  ship([lock] { return lock != nullptr; }); // expected-error {{it holds a lock of this process in 'lock[...]'}} expected-note {{static variable inside the lambda}} expected-note {{sent from here}}
}
