// Calls that can't be made. The headers know it, the plugin says it: one error each, in the program.
#include <roam/roam.h>
#include <string>
#include <vector>

struct Account {
  int balance = 0;
  int after(int payment) const { return balance + payment; }
};
struct Total {
  int operator()(const std::string& s) const { return int(s.size()); } // expected-note {{it is declared here, and takes 'const std::string &'}}
};
int plain(int);

void all(roam::Cluster& cluster, std::vector<int> numbers, std::vector<std::string> names,
         std::vector<Account> accounts) {
  cluster.map(names, [](int x) { return x; }); // expected-error {{the function that is sent cannot be called with 'std::basic_string<char>'}} expected-note {{it is declared here, and takes 'int'}}
  cluster.mapUnordered(numbers, Total()); // expected-error {{the function that is sent cannot be called with 'int'}}
  cluster.async([](int x) { return x; }, 1, 2); // expected-error {{cannot be called with 'int' and 'int'}} expected-note {{it is declared here, and takes 'int'}}
  cluster.async([](int x) { return x; }); // expected-error {{cannot be called with no arguments}} expected-note {{it is declared here, and takes 'int'}}
  cluster.onAll([] { return 1; }, "text"); // expected-error {{cannot be called with 'char[5]'}} expected-note {{it is declared here, and takes no arguments}}
  cluster.map(numbers, 3); // expected-error {{'int' is not a function; send a lambda, a function object or a function}}
  cluster.map(numbers, &Account::balance); // expected-error {{'int Account::*' is a pointer to a member, which cannot be used with 'int'}} expected-note {{the first argument must be an object of the class}}
  cluster.map(accounts, &Account::balance);
  cluster.async(&Account::after, accounts[0], 3);

  cluster.map(numbers, [](int& x) { return ++x; }); // expected-error {{the function takes 'x' as a reference, but what it would change is a copy on another machine}} \
                                                    // expected-note {{take it as 'int' or as a reference to const, and return the changed value}} \
                                                    // expected-note {{the lambda is sent from here}}
  cluster.async([](const int& a, std::string& b) { b += char(a); }, 1, names[0]); // expected-error {{takes 'b' as a reference}} expected-note {{take it as 'std::string'}} expected-note {{sent from here}}

  cluster.map(numbers, [](int) {}); // expected-error {{the function that is sent returns nothing, and a map or a reduction collects what it returns}} \
                                    // expected-note {{return what it computes: what it changes on another machine stays there}}
  cluster.mapUnordered(numbers, [](int) {}); // expected-error {{returns nothing}} expected-note {{return what it computes}}
  cluster.async([] {});

  cluster.mapReduce(numbers, [](int x) { return x; }, [](std::string a, std::string b) { return a + b; }, 0); // expected-error {{cannot be called with 'int' and 'int'}} expected-note {{it is declared here, and takes 'std::string' and 'std::string'}}
  cluster.mapReduce(numbers, [](int x) { return x; }, [](int a, int b) { return std::to_string(a + b); }, 0); // expected-error {{the reducing function returns 'std::basic_string<char>', which is no 'int', as it must be to reduce further}} expected-note {{it is declared here; it must take two results}}
  cluster.mapReduce(numbers, [](int x) { return x; }, [](int a, int b) { return a + b; }, std::string()); // expected-error {{cannot be called with 'std::basic_string<char>' and 'int'}} expected-note {{it is declared here, and takes 'int' and 'int'}}
  cluster.mapReduce(numbers, [](int) {}, [](int a, int b) { return a + b; }, 0); // expected-error {{returns nothing}} expected-note {{return what it computes}}

  cluster.map(3, [](int x) { return x; }); // expected-error {{no matching member function for call to 'map'}} expected-note@*:* {{constraints not satisfied}} expected-note@*:* {{'int' does not satisfy 'Iterable'}} expected-note@*:* {{no matching function for call to 'begin'}} expected-note@*:* {{could not match 'Live<R (A)>'}}
}

void ofTheCluster(roam::Cluster& cluster, roam::Future<int> future) {
  cluster.async([&cluster] { return sizeof cluster; }); // expected-error {{a copy could not travel either: it is a roam::Cluster, whose connections stay in this process}} expected-note {{code on a peer can't call others}} expected-note {{sent from here}}
  cluster.async([&future] { return sizeof future; }); // expected-error {{it is a roam::Future, which waits in this process}} expected-note {{wait for its result with get()}} expected-note {{sent from here}}
}
