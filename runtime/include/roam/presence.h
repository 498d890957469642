// Is Roam's compiler plugin loaded? Then __ROAM_PLUGIN__ is defined, also where a file is only
// preprocessed (-E, -save-temps, ccache, distcc), since attributes of plugins are known there.
#pragma once
#if defined(__clang__) && !defined(__ROAM_PLUGIN__)
#if __has_attribute(roam_plugin)
#define __ROAM_PLUGIN__ 1
#endif
#endif
