// Roam: run a program's own lambdas on other machines. The one header a program includes.
//
// Needs the compiler plugin, which `target_link_libraries(app PRIVATE roam::roam)` brings with it.
// What stands in the place of file names below is the message: a file that is not there ends the
// compilation with exactly one error, where #error would be followed by another one for each use of
// what is not declared.
#pragma once
#include "roam/presence.h"
#if !defined(__clang__)
#include "Roam needs clang 19 and its compiler plugin: configure with CMAKE_CXX_COMPILER=clang++-19, link roam::roam"
#elif !defined(__ROAM_PLUGIN__) && !defined(ROAM_BUILDING_LIBRARY)
#include "Roam's compiler plugin is not loaded: link roam::roam in CMake, or add -fplugin=PREFIX/lib/roam-plugin.so"
#else
#include "roam/cancelled.h"
#include "roam/cluster.h"
#include "roam/live-function.h"
#endif
