# C for the messages of a .proto file, which protoc-c writes; what it writes is not held to our warnings.

# protobuf(ROOM FILE)
function(protobuf room file)
    get_filename_component(name ${file} NAME_WE)
    get_filename_component(folder ${file} DIRECTORY)
    set(made ${PROJECT_BINARY_DIR}/protobuf)
    add_custom_command(
        OUTPUT ${made}/${name}.pb-c.c ${made}/${name}.pb-c.h
        COMMAND ${CMAKE_COMMAND} -E make_directory ${made}
        COMMAND ${PROTOC_C} --proto_path=${PROJECT_SOURCE_DIR}/${folder} --c_out=${made}
                ${PROJECT_SOURCE_DIR}/${file}
        DEPENDS ${file}
        COMMENT "Writing ${name}.pb-c.c" VERBATIM)
    add_library(${name}_protobuf STATIC ${made}/${name}.pb-c.c ${made}/${name}.pb-c.h)
    target_include_directories(${name}_protobuf SYSTEM PUBLIC ${made})
    target_link_libraries(${name}_protobuf PUBLIC PkgConfig::PROTOBUF_C)
    target_link_libraries(room_${room} PUBLIC ${name}_protobuf)
endfunction()
