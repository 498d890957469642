// [[roam::live]] in a file without Roam's headers: said once.
[[roam::live("one")]] int one() { return 1; } // expected-error {{'roam::live' needs Roam's headers: write #include <roam/roam.h> at the top of this file}}
[[roam::live("two")]] int two() { return 2; }
