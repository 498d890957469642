// A live function that uses a variable of the program.
#include <roam/roam.h>

int hits; // expected-note {{'hits' is declared here; make it const or constexpr}}
[[roam::live("count")]] int count() { return ++hits; } // expected-error {{'hits' is a variable of this program; code that runs on other machines finds another one there}}
