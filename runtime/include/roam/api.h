// Marks what the shared library shows: it is built with hidden visibility.
#pragma once

#define ROAM_API __attribute__((visibility("default")))
