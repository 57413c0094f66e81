# The third-party packages by the names that wrun_room(… PACKAGES …) uses. A package is looked for when something
# asks for it, so a build needs only what it uses. docs/dependencies.md says what each is for.

set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON) # found in one folder, usable in all

function(wrun_use_static_library target scope file)
  find_library(WRUN_${file} NAMES ${file} REQUIRED)
  target_link_libraries(${target} ${scope} ${WRUN_${file}})
endfunction()

function(wrun_use_package target scope package)
  if(package STREQUAL "fmt")
    find_package(fmt REQUIRED)
    target_link_libraries(${target} ${scope} fmt::fmt-header-only)
  elseif(package STREQUAL "spdlog")
    # Debian's spdlog_header_only links the shared fmt, so only its headers are taken.
    find_package(spdlog REQUIRED)
    wrun_use_package(${target} ${scope} fmt)
    target_include_directories(${target} SYSTEM ${scope}
      $<TARGET_PROPERTY:spdlog::spdlog_header_only,INTERFACE_INCLUDE_DIRECTORIES>)
    target_compile_definitions(${target} ${scope} SPDLOG_HEADER_ONLY SPDLOG_FMT_EXTERNAL)
  elseif(package STREQUAL "cli11")
    find_package(CLI11 REQUIRED)
    target_link_libraries(${target} ${scope} CLI11::CLI11)
  elseif(package STREQUAL "asmjit")
    find_package(asmjit REQUIRED)
    target_link_libraries(${target} ${scope} asmjit::asmjit)
  elseif(package STREQUAL "zstd")
    find_package(zstd REQUIRED)
    target_link_libraries(${target} ${scope} zstd::libzstd_static)
  elseif(package STREQUAL "archive")
    # Debian's pkg-config file names everything that libarchive can read; for tar it needs none of that.
    wrun_use_static_library(${target} ${scope} libarchive.a)
  elseif(package STREQUAL "iberty")
    wrun_use_static_library(${target} ${scope} libiberty.a)
  elseif(package STREQUAL "b2")
    wrun_use_static_library(${target} ${scope} libb2.a)
  elseif(package STREQUAL "catch2")
    find_package(Catch2 REQUIRED)
    if(Catch2_VERSION VERSION_GREATER_EQUAL 3)
      target_link_libraries(${target} ${scope} Catch2::Catch2WithMain)
    else()
      target_link_libraries(${target} ${scope} Catch2::Catch2)
    endif()
  else()
    message(FATAL_ERROR "wrun_use_package: unknown package '${package}'")
  endif()
endfunction()
