# The companion page (sim/api/companion/) and MQTT.js, which it speaks to the cloud by: as published on
# npm, held to the checksum below. Without npm, or without a network the first time, the program has no
# page, and says so when it is asked for.
set(MQTTJS_VERSION 5.16.0)
set(MQTTJS_SHA512 1b456c12db89cf9b0952064969a0033157d6ed22053f3908b8747e77aae4fad05e4b07427ddf416884727117ddd806f21431262e514cf920d07ad8bff886ce9f)

# Where its package lies, unpacked; empty: it cannot be had.
function(fetch_mqttjs result)
    set(folder ${PROJECT_BINARY_DIR}/mqttjs-${MQTTJS_VERSION})
    set(archive mqtt-${MQTTJS_VERSION}.tgz)
    set(${result} "" PARENT_SCOPE)
    if(NOT EXISTS ${folder}/package)
        find_program(NPM npm)
        if(NOT NPM)
            message(STATUS "Companion page: left out, npm was not found")
            return()
        endif()
        file(MAKE_DIRECTORY ${folder})
        # Without a network npm would try for minutes.
        execute_process(COMMAND ${NPM} pack mqtt@${MQTTJS_VERSION} --silent --prefer-offline
                                --fetch-retries=2 --fetch-retry-mintimeout=1000 --fetch-retry-maxtimeout=3000
                        WORKING_DIRECTORY ${folder} OUTPUT_QUIET ERROR_QUIET RESULT_VARIABLE failed TIMEOUT 60)
        if(failed OR NOT EXISTS ${folder}/${archive})
            message(STATUS "Companion page: left out, npm could not fetch mqtt@${MQTTJS_VERSION}")
            return()
        endif()
        file(SHA512 ${folder}/${archive} is)
        if(NOT is STREQUAL MQTTJS_SHA512)
            file(REMOVE ${folder}/${archive})
            message(FATAL_ERROR "mqtt@${MQTTJS_VERSION} is not the package that is expected: SHA-512 ${is}")
        endif()
        file(ARCHIVE_EXTRACT INPUT ${folder}/${archive} DESTINATION ${folder})
    endif()
    set(${result} ${folder}/package PARENT_SCOPE)
endfunction()

# companion_page(TARGET FOLDER): compiles the page's files into the target, as a table of them.
function(companion_page target folder)
    fetch_mqttjs(mqttjs)
    if(NOT mqttjs)
        return()
    endif()
    file(GLOB files CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${folder}/*)
    list(FILTER files EXCLUDE REGEX "/package\\.json$") # tells Node.js that these are modules
    file(RELATIVE_PATH library ${PROJECT_SOURCE_DIR} ${mqttjs}/dist/mqtt.esm.js)
    file(RELATIVE_PATH licence ${PROJECT_SOURCE_DIR} ${mqttjs}/LICENSE.md)
    list(APPEND files ${library} ${licence})
    set(table "")
    set(declared "")
    foreach(file ${files})
        get_filename_component(name ${file} NAME)
        string(MAKE_C_IDENTIFIER companion_${name} symbol)
        embed(${target} ${file} ${symbol} companion_parts.h)
        string(APPEND declared "extern const unsigned char ${symbol}[];\nextern const size_t ${symbol}_len;\n")
        file(SIZE ${PROJECT_SOURCE_DIR}/${file} size)
        string(APPEND table "    {\"${name}\", ${symbol}, ${size}},\n")
    endforeach()
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embed/companion_parts.h
         CONTENT "#include <stddef.h>\n@declared@" @ONLY)
    file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/embed/companion_files.h
         CONTENT "#include \"companion_parts.h\"\nstatic const struct api_page_file companion_files[] = {\n@table@    {NULL, NULL, 0},\n};\n" @ONLY)
    target_include_directories(${target} PRIVATE ${PROJECT_BINARY_DIR}/embed)
    target_compile_definitions(${target} PRIVATE FLEETSIM_COMPANION)
endfunction()
