/* The binary interface of Rerun's C API 0.41 on 64-bit machines: every size, offset and number. Compiles as C11 and as C++17, or not at all. */
#include <rerun.h>

#include <stddef.h>

#ifdef __cplusplus
#define IS(what, value) static_assert((what) == (value), #what)
#define ALIGN(type) alignof(type)
#else
#define IS(what, value) _Static_assert((what) == (value), #what)
#define ALIGN(type) _Alignof(type)
#endif
#define SIZE(type, size, align) IS(sizeof(type), size); IS(ALIGN(type), align)
#define AT(type, member, offset, size) IS(offsetof(type, member), offset); IS(sizeof(((type *)0)->member), size)

/* ---------------------------------------------------------------- scalars */
SIZE(rr_store_kind, 4, 4);
SIZE(rr_time_type, 4, 4);
SIZE(rr_sorting_status, 4, 4);
SIZE(rr_error_code, 4, 4);
SIZE(rr_recording_stream, 4, 4);
SIZE(rr_component_type_handle, 4, 4);
SIZE(rr_log_sink_kind, 1, 1);
SIZE(rr_alloc_timestamps, 8, 8);

/* ---------------------------------------------------------------- structs */
SIZE(rr_string, 16, 8);
AT(rr_string, utf8, 0, 8);
AT(rr_string, length_in_bytes, 8, 4);
SIZE(rr_bytes, 16, 8);
AT(rr_bytes, bytes, 0, 8);
AT(rr_bytes, length, 8, 4);
SIZE(rr_spawn_options, 80, 8);
AT(rr_spawn_options, port, 0, 2);
AT(rr_spawn_options, memory_limit, 8, 16);
AT(rr_spawn_options, server_memory_limit, 24, 16);
AT(rr_spawn_options, hide_welcome_screen, 40, 1);
AT(rr_spawn_options, detach_process, 41, 1);
AT(rr_spawn_options, executable_name, 48, 16);
AT(rr_spawn_options, executable_path, 64, 16);
SIZE(rr_store_info, 40, 8);
AT(rr_store_info, application_id, 0, 16);
AT(rr_store_info, recording_id, 16, 16);
AT(rr_store_info, store_kind, 32, 4);
SIZE(rr_component_descriptor, 48, 8);
AT(rr_component_descriptor, archetype, 0, 16);
AT(rr_component_descriptor, component, 16, 16);
AT(rr_component_descriptor, component_type, 32, 16);
SIZE(rr_component_type, 120, 8);
AT(rr_component_type, descriptor, 0, 48);
AT(rr_component_type, schema, 48, 72);
SIZE(rr_component_batch, 88, 8);
AT(rr_component_batch, component_type, 0, 4);
AT(rr_component_batch, array, 8, 80);
SIZE(rr_data_row, 32, 8);
AT(rr_data_row, entity_path, 0, 16);
AT(rr_data_row, num_component_batches, 16, 4);
AT(rr_data_row, component_batches, 24, 8);
SIZE(rr_component_column, 88, 8);
AT(rr_component_column, component_type, 0, 4);
AT(rr_component_column, array, 8, 80);
SIZE(rr_timeline, 24, 8);
AT(rr_timeline, name, 0, 16);
AT(rr_timeline, type, 16, 4);
SIZE(rr_time_column, 112, 8);
AT(rr_time_column, timeline, 0, 24);
AT(rr_time_column, array, 24, 80);
AT(rr_time_column, sorting_status, 104, 4);
SIZE(rr_grpc_sink, 24, 8);
AT(rr_grpc_sink, url, 0, 16);
AT(rr_grpc_sink, flush_timeout_sec, 16, 4);
SIZE(rr_file_sink, 16, 8);
AT(rr_file_sink, path, 0, 16);
SIZE(rr_grpc_server_sink, 64, 8);
AT(rr_grpc_server_sink, bind_ip, 0, 16);
AT(rr_grpc_server_sink, port, 16, 2);
AT(rr_grpc_server_sink, server_memory_limit, 24, 16);
AT(rr_grpc_server_sink, newest_first, 40, 1);
AT(rr_grpc_server_sink, cors_allow_origins, 48, 8);
AT(rr_grpc_server_sink, num_cors_allow_origins, 56, 4);
SIZE(rr_log_sink, 72, 8);
AT(rr_log_sink, kind, 0, 1);
AT(rr_log_sink, grpc, 8, 24);
AT(rr_log_sink, file, 8, 16);
AT(rr_log_sink, grpc_server, 8, 64);
SIZE(rr_error, 2052, 4);
AT(rr_error, code, 0, 4);
AT(rr_error, description, 4, 2048);
SIZE(rr_importer_settings, 40, 8);
AT(rr_importer_settings, recording_id, 0, 16);
AT(rr_importer_settings, entity_path_prefix, 16, 16);
AT(rr_importer_settings, static_, 32, 1);
SIZE(struct ArrowSchema, 72, 8);
AT(struct ArrowSchema, format, 0, 8);
AT(struct ArrowSchema, name, 8, 8);
AT(struct ArrowSchema, metadata, 16, 8);
AT(struct ArrowSchema, flags, 24, 8);
AT(struct ArrowSchema, n_children, 32, 8);
AT(struct ArrowSchema, children, 40, 8);
AT(struct ArrowSchema, dictionary, 48, 8);
AT(struct ArrowSchema, release, 56, 8);
AT(struct ArrowSchema, private_data, 64, 8);
SIZE(struct ArrowArray, 80, 8);
AT(struct ArrowArray, length, 0, 8);
AT(struct ArrowArray, null_count, 8, 8);
AT(struct ArrowArray, offset, 16, 8);
AT(struct ArrowArray, n_buffers, 24, 8);
AT(struct ArrowArray, n_children, 32, 8);
AT(struct ArrowArray, buffers, 40, 8);
AT(struct ArrowArray, children, 48, 8);
AT(struct ArrowArray, dictionary, 56, 8);
AT(struct ArrowArray, release, 64, 8);
AT(struct ArrowArray, private_data, 72, 8);

/* ---------------------------------------------------------------- constants */
IS(RR_STORE_KIND_RECORDING, 1);
IS(RR_STORE_KIND_BLUEPRINT, 2);
IS(RR_REC_STREAM_CURRENT_RECORDING, 0xFFFFFFFFu);
IS(RR_REC_STREAM_CURRENT_BLUEPRINT, 0xFFFFFFFEu);
IS(RR_COMPONENT_TYPE_HANDLE_INVALID, 0xFFFFFFFFu);
IS(RR_SORTING_STATUS_UNKNOWN, 0);
IS(RR_SORTING_STATUS_SORTED, 1);
IS(RR_SORTING_STATUS_UNSORTED, 2);
IS(RR_TIME_TYPE_SEQUENCE, 1);
IS(RR_TIME_TYPE_DURATION, 2);
IS(RR_TIME_TYPE_TIMESTAMP, 3);
IS(RR_LOG_SINK_KIND_GRPC, 0);
IS(RR_LOG_SINK_KIND_FILE, 1);
IS(RR_LOG_SINK_KIND_GRPC_SERVER, 2);
IS(RR_MAX_ERROR_MESSAGE_SIZE_BYTES, 2048);
IS(ARROW_FLAG_DICTIONARY_ORDERED, 1);
IS(ARROW_FLAG_NULLABLE, 2);
IS(ARROW_FLAG_MAP_KEYS_SORTED, 4);
IS(RERUN_SDK_HEADER_VERSION_MAJOR, 0);
IS(RERUN_SDK_HEADER_VERSION_MINOR, 41);
IS(RERUN_SDK_HEADER_VERSION_PATCH, 0);
IS(sizeof RERUN_SDK_HEADER_VERSION, sizeof "0.41.0");
IS(RERUN_VERSION_GE(0, 41, 0) && RERUN_VERSION_GE(0, 40, 9) && RERUN_VERSION_GE(0, 0, 0), 1);
IS(RERUN_VERSION_GE(0, 41, 1) || RERUN_VERSION_GE(0, 42, 0) || RERUN_VERSION_GE(1, 0, 0), 0);

/* ---------------------------------------------------------------- errors */
IS(RR_ERROR_CODE_OK, 0);
IS(RR_ERROR_CODE_OUT_OF_MEMORY, 1);
IS(RR_ERROR_CODE_NOT_IMPLEMENTED, 2);
IS(RR_ERROR_CODE_SDK_VERSION_MISMATCH, 3);
IS(_RR_ERROR_CODE_CATEGORY_ARGUMENT, 0x10);
IS(RR_ERROR_CODE_UNEXPECTED_NULL_ARGUMENT, 0x11);
IS(RR_ERROR_CODE_INVALID_STRING_ARGUMENT, 0x12);
IS(RR_ERROR_CODE_INVALID_ENUM_VALUE, 0x13);
IS(RR_ERROR_CODE_INVALID_RECORDING_STREAM_HANDLE, 0x14);
IS(RR_ERROR_CODE_INVALID_SOCKET_ADDRESS, 0x15);
IS(RR_ERROR_CODE_INVALID_COMPONENT_TYPE_HANDLE, 0x16);
IS(RR_ERROR_CODE_INVALID_TIME_ARGUMENT, 0x17);
IS(RR_ERROR_CODE_INVALID_TENSOR_DIMENSION, 0x18);
IS(RR_ERROR_CODE_INVALID_COMPONENT, 0x19);
IS(RR_ERROR_CODE_INVALID_SERVER_URL, 0x1a);
IS(RR_ERROR_CODE_FILE_READ, 0x1b);
IS(RR_ERROR_CODE_INVALID_MEMORY_LIMIT, 0x1c);
IS(_RR_ERROR_CODE_CATEGORY_RECORDING_STREAM, 0x100);
IS(RR_ERROR_CODE_RECORDING_STREAM_RUNTIME_FAILURE, 0x101);
IS(RR_ERROR_CODE_RECORDING_STREAM_CREATION_FAILURE, 0x102);
IS(RR_ERROR_CODE_RECORDING_STREAM_SAVE_FAILURE, 0x103);
IS(RR_ERROR_CODE_RECORDING_STREAM_STDOUT_FAILURE, 0x104);
IS(RR_ERROR_CODE_RECORDING_STREAM_SPAWN_FAILURE, 0x105);
IS(RR_ERROR_CODE_RECORDING_STREAM_CHUNK_VALIDATION_FAILURE, 0x106);
IS(RR_ERROR_CODE_RECORDING_STREAM_SERVE_GRPC_FAILURE, 0x107);
IS(RR_ERROR_CODE_RECORDING_STREAM_FLUSH_TIMEOUT, 0x108);
IS(RR_ERROR_CODE_RECORDING_STREAM_FLUSH_FAILURE, 0x109);
IS(_RR_ERROR_CODE_CATEGORY_ARROW, 0x1000);
IS(RR_ERROR_CODE_ARROW_FFI_SCHEMA_IMPORT_ERROR, 0x1001);
IS(RR_ERROR_CODE_ARROW_FFI_ARRAY_IMPORT_ERROR, 0x1002);
IS(_RR_ERROR_CODE_CATEGORY_UTILITIES, 0x10000);
IS(RR_ERROR_CODE_VIDEO_LOAD_ERROR, 0x10001);
IS(_RR_ERROR_CODE_CATEGORY_FILE_IO, 0x100000);
IS(RR_ERROR_CODE_FILE_OPEN_FAILURE, 0x100001);
IS(_RR_ERROR_CODE_CATEGORY_ARROW_CPP_STATUS, 0x10000000);
IS(RR_ERROR_CODE_UNKNOWN, 0x10000001);
