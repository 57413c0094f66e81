# Compiler and linker flags, in one place. Every target of the project links wrun_flags.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS ON) # statement expressions, labels as values
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
set(CMAKE_CXX_FLAGS_DEBUG "-O1 -g")

find_program(WRUN_CCACHE ccache)
if(WRUN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${WRUN_CCACHE})
endif()

add_library(wrun_flags INTERFACE)
target_include_directories(wrun_flags INTERFACE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
target_compile_definitions(wrun_flags INTERFACE
  WRUN_VERSION="${PROJECT_VERSION}"
  # The same setting in every translation unit, whether it may throw or not: one definition of each inline function.
  FMT_EXCEPTIONS=0 SPDLOG_NO_EXCEPTIONS)
target_compile_options(wrun_flags INTERFACE
  -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion
  $<$<BOOL:${WRUN_WERROR}>:-Werror>
  -fno-strict-aliasing # wasm memory is read at every width
  -ffp-contract=off    # wasm floating point is exact: no fused multiply-add unless asked for
  -fno-math-errno      # square roots are an instruction
  -ffunction-sections -fdata-sections
  $<$<CONFIG:Release>:-fomit-frame-pointer>)
target_link_options(wrun_flags INTERFACE -Wl,--gc-sections)

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # Functions that are the same are kept once, unless somebody takes their address; so are the ends of strings.
  target_link_options(wrun_flags INTERFACE -fuse-ld=lld $<$<CONFIG:Release>:LINKER:--icf=safe,-O2>)
else()
  # g++ 12 reports these where nothing is wrong; clang's versions of them stay on. To it, scoped enumerators shadow too.
  target_compile_options(wrun_flags INTERFACE -Wno-shadow -Wshadow=local
    -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-restrict -Wno-dangling-pointer)
endif()

if(WRUN_SANITIZE)
  # vptr needs type information, which the rooms are built without.
  target_compile_options(wrun_flags INTERFACE
    -fsanitize=${WRUN_SANITIZE} -fno-sanitize-recover=all -fno-sanitize=vptr -fno-omit-frame-pointer)
  target_link_options(wrun_flags INTERFACE -fsanitize=${WRUN_SANITIZE})
  set(WRUN_STATIC OFF)
endif()

if(WRUN_COVERAGE)
  target_compile_options(wrun_flags INTERFACE -fprofile-instr-generate -fcoverage-mapping)
  target_link_options(wrun_flags INTERFACE -fprofile-instr-generate)
endif()

if(WRUN_STATIC)
  target_compile_options(wrun_flags INTERFACE -fno-pie -fno-plt)
  target_link_options(wrun_flags INTERFACE -static)
endif()

find_package(Threads REQUIRED)
target_link_libraries(wrun_flags INTERFACE Threads::Threads)
