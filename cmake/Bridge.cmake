# The Rust half of the Delta source: bridge/ as one static library, target spillway::bridge.
#
# All presets share one Cargo target folder, since Rust code is the same under every one of them:
# build/bridge-target, or the folder that the environment variable SPILLWAY_BRIDGE_TARGET names.
if(SPILLWAY_BRIDGE AND SPILLWAY_SANITIZE MATCHES "thread")
  # The thread sanitizer does not see how uninstrumented code synchronises, and reports races that
  # are none. The C++ half of the source starts no threads.
  message(STATUS "No Delta source under the thread sanitizer")
  set(SPILLWAY_BRIDGE OFF)
endif()
if(NOT SPILLWAY_BRIDGE)
  return()
endif()

set(SPILLWAY_RUSTC_MIN 1.88)
find_program(CARGO cargo HINTS "$ENV{HOME}/.cargo/bin")
find_program(RUSTC rustc HINTS "$ENV{HOME}/.cargo/bin")
if(NOT CARGO OR NOT RUSTC)
  message(FATAL_ERROR "The Delta source needs Rust ${SPILLWAY_RUSTC_MIN} or later: install it with "
                      "rustup (https://rustup.rs), or configure with -DSPILLWAY_BRIDGE=OFF.")
endif()
execute_process(COMMAND ${RUSTC} --version OUTPUT_VARIABLE rustc_version)
string(REGEX MATCH "[0-9]+\\.[0-9]+" rustc_version "${rustc_version}")
if(rustc_version VERSION_LESS SPILLWAY_RUSTC_MIN)
  message(FATAL_ERROR "The Delta source needs Rust ${SPILLWAY_RUSTC_MIN} or later, this is "
                      "${rustc_version}: update it with `rustup update stable`.")
endif()

if(DEFINED ENV{SPILLWAY_BRIDGE_TARGET})
  set(bridge_target_default "$ENV{SPILLWAY_BRIDGE_TARGET}")
else()
  cmake_path(GET CMAKE_BINARY_DIR PARENT_PATH bridge_target_default)
  string(APPEND bridge_target_default "/bridge-target")
endif()
set(SPILLWAY_BRIDGE_TARGET "${bridge_target_default}" CACHE PATH "Cargo's target folder")

set(bridge_source ${PROJECT_SOURCE_DIR}/bridge)
set(bridge_library ${CMAKE_BINARY_DIR}/bridge/libspillway_bridge.a)
file(GLOB bridge_files CONFIGURE_DEPENDS ${bridge_source}/src/*.rs)
add_custom_command(
  OUTPUT ${bridge_library}
  COMMAND ${CMAKE_COMMAND} -E env CARGO_TARGET_DIR=${SPILLWAY_BRIDGE_TARGET}
          ${CARGO} build --locked --release --quiet
  COMMAND ${CMAKE_COMMAND} -E copy ${SPILLWAY_BRIDGE_TARGET}/release/libspillway_bridge.a
          ${bridge_library}
  WORKING_DIRECTORY ${bridge_source}
  DEPENDS ${bridge_files} ${bridge_source}/Cargo.toml ${bridge_source}/Cargo.lock
  COMMENT "Building the Delta bridge (the first time takes minutes)"
  USES_TERMINAL VERBATIM)
add_custom_target(spillway_bridge_build DEPENDS ${bridge_library})

add_library(spillway_bridge STATIC IMPORTED GLOBAL)
add_dependencies(spillway_bridge spillway_bridge_build)
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/bridge)
set_target_properties(spillway_bridge PROPERTIES
  IMPORTED_LOCATION ${bridge_library}
  INTERFACE_INCLUDE_DIRECTORIES ${bridge_source}/include
  INTERFACE_LINK_LIBRARIES "Threads::Threads;${CMAKE_DL_LIBS};m"
  # The archive holds the whole dependency tree: keep what is reached.
  INTERFACE_LINK_OPTIONS "-Wl,--gc-sections")
add_library(spillway::bridge ALIAS spillway_bridge)
