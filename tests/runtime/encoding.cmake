# The headers that encode captures, arguments and results.
roam_test(archive-test SOURCES archive-test.cpp)
target_include_directories(archive-test PRIVATE ${PROJECT_SOURCE_DIR}/runtime/include)
