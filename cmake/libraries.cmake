find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(ZLIB REQUIRED)

# libev-dev ships neither a CMake config nor a .pc file.
find_path(EV_INCLUDE_DIR ev.h REQUIRED)
find_library(EV_LIBRARY ev REQUIRED)
add_library(ev INTERFACE IMPORTED)
target_include_directories(ev SYSTEM INTERFACE ${EV_INCLUDE_DIR})
target_link_libraries(ev INTERFACE ${EV_LIBRARY})

pkg_check_modules(CJSON REQUIRED IMPORTED_TARGET libcjson)
add_library(cJSON ALIAS PkgConfig::CJSON)
pkg_check_modules(CBOR REQUIRED IMPORTED_TARGET libcbor)
add_library(cbor ALIAS PkgConfig::CBOR)
pkg_check_modules(PROTOBUF_C REQUIRED IMPORTED_TARGET libprotobuf-c)
find_program(PROTOC_C protoc-c REQUIRED)
pkg_check_modules(SNAPPY REQUIRED IMPORTED_TARGET snappy)
add_library(snappy ALIAS PkgConfig::SNAPPY)
# Line editing in `fleetsim repl`; without it lines are plain.
pkg_check_modules(LIBEDIT IMPORTED_TARGET libedit)
# `fleetsim demo`; without them it is left out, or has no window.
if(FLEETSIM_VIEW)
    pkg_check_modules(PANGOCAIRO REQUIRED IMPORTED_TARGET pangocairo cairo fontconfig)
    pkg_check_modules(SDL2 IMPORTED_TARGET sdl2)
endif()
pkg_check_modules(LUA REQUIRED IMPORTED_TARGET lua5.4)
add_library(lua ALIAS PkgConfig::LUA)

pkg_check_modules(MICROHTTPD REQUIRED IMPORTED_TARGET libmicrohttpd)
add_library(microhttpd ALIAS PkgConfig::MICROHTTPD)

pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl>=7.86)
add_library(curl ALIAS PkgConfig::CURL)

find_path(PAHO_INCLUDE_DIR MQTTAsync.h REQUIRED)
find_library(PAHO_ASYNC_SSL_LIBRARY paho-mqtt3as REQUIRED)
add_library(paho-mqtt3as INTERFACE IMPORTED)
target_include_directories(paho-mqtt3as SYSTEM INTERFACE ${PAHO_INCLUDE_DIR})
target_link_libraries(paho-mqtt3as INTERFACE ${PAHO_ASYNC_SSL_LIBRARY})

find_path(MOSQUITTO_PLUGIN_INCLUDE_DIR mosquitto_plugin.h REQUIRED)
if(FLEETSIM_TESTS)
    find_library(CMOCKA_LIBRARY cmocka REQUIRED)
endif()
