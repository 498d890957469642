// What the files of this example share. Nothing here is inline: each function lives in one file.
#pragma once
#include <string>

struct Parcel {
  double length, width, height; // centimetres
  double kilograms;
};

/// In tariff.cpp, another file of the program.
double postage(const Parcel& parcel);

/// In volume.cpp, a static library built with Roam.
double litres(const Parcel& parcel);

/// In tariff.cpp; uses zlib, a shared library that peers load when they need it.
std::string label(const Parcel& parcel);
