// The library and the device: what the handles of the C API are, and how its functions look at their arguments and report.
#include "api.h"

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <string>

#ifdef CANDOR_EMULATED
#include "emulator/control.h"
#endif

namespace candor {
namespace {

thread_local std::string* last_error = nullptr;

std::string& error_text() {
    if (last_error == nullptr) last_error = new std::string;
    return *last_error;
}

std::string print(const char* format, va_list arguments) {
    char text[512];
    vsnprintf(text, sizeof text, format, arguments);
    return text;
}

std::string at(const Where& where) {
    const char* slash = strrchr(where.file, '/');
    return std::string(" at ") + (slash == nullptr ? where.file : slash + 1) + ":" + std::to_string(where.line);
}

// What the emulator found, which is more than a code can say. Taking it makes the device usable again.
std::string findings() {
#ifdef CANDOR_EMULATED
    if (candor_emulator_findings() > 0) return std::string("; the emulator found: ") + candor_emulator_report();
#endif
    return "";
}

}  // namespace

int report(int code, const Where& where, const char* shapes, ...) {
    if (code == cudaSuccess) return 0;
    va_list arguments;
    va_start(arguments, shapes);
    const std::string sizes = print(shapes, arguments);
    va_end(arguments);
    const auto error = static_cast<cudaError_t>(code);
    error_text() = std::string(where.op) + (sizes.empty() ? "" : " (" + sizes + ")") + ": " + cudaGetErrorString(error) + " ("
        + cudaGetErrorName(error) + ", code " + std::to_string(code) + ")" + at(where) + findings();
    return code;
}

int report(int code, const Where& where) {
    return code == cudaSuccess ? 0 : report(code, where, "%s", "");
}

int refuse(int status, const Where& where, const char* sentence, ...) {
    va_list arguments;
    va_start(arguments, sentence);
    error_text() = std::string(where.op) + ": " + print(sentence, arguments) + at(where);
    va_end(arguments);
    return status;
}

namespace {

const char* type_name(int dtype) {
    switch (dtype) {
        case CANDOR_F32: return "float32";
        case CANDOR_BF16: return "bf16";
        case CANDOR_INT8: return "int8";
        case CANDOR_FP8: return "fp8";
        case CANDOR_NF4: return "nf4";
        case CANDOR_NF4_NESTED: return "nested nf4";
        case kWeight: return "bf16 or packed";
        case kPackedWeight: return "a packed form";
        default: return "no known type";
    }
}

bool is_packed(int dtype) {
    return dtype >= CANDOR_INT8 && dtype <= CANDOR_NF4_NESTED;
}

bool is_of(int dtype, int wanted) {
    if (wanted == kPackedWeight) return is_packed(dtype);
    return wanted == kWeight ? dtype == CANDOR_BF16 || is_packed(dtype) : dtype == wanted;
}

}  // namespace

int check(const Where& where, std::initializer_list<Wanted> wanted) {
    // First, for the sizes that are wanted of the others follow from what is missing.
    for (const Wanted& w : wanted) {
        if (w.matrix == nullptr && !w.optional) return refuse(CANDOR_BAD_ARGUMENT, where, "%s is missing", w.name);
    }
    for (const Wanted& w : wanted) {
        const candor_matrix* m = w.matrix;
        if (m == nullptr) continue;
        if (!is_of(m->dtype, w.type)) {
            return refuse(
                CANDOR_BAD_ARGUMENT, where, "%s is of %s, expected %s", w.name, type_name(m->dtype), type_name(w.type));
        }
        if (m->rows != w.rows || m->cols != w.cols || m->rows < 0 || m->cols < 0) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "%s is (%d,%d), expected (%lld,%lld)", w.name, m->rows, m->cols,
                (long long)w.rows, (long long)w.cols);
        }
        if (m->rows > 1 && m->stride < m->cols) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "%s has rows of %d that begin %lld apart", w.name, m->cols,
                (long long)m->stride);
        }
        if (m->data == nullptr && m->rows > 0 && m->cols > 0) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "%s has no memory", w.name);
        }
        const bool gapless = m->dtype == CANDOR_NF4 || m->dtype == CANDOR_NF4_NESTED;
        if (gapless && m->rows > 1 && m->stride != m->cols) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "%s is of %s and has rows of %d that begin %lld apart, expected no gaps",
                w.name, type_name(m->dtype), m->cols, (long long)m->stride);
        }
        if (is_packed(m->dtype) && (m->scales == nullptr || reinterpret_cast<uintptr_t>(m->scales) % sizeof(float) != 0)) {
            return refuse(CANDOR_BAD_ARGUMENT, where, "%s is of %s and has %s", w.name, type_name(m->dtype),
                m->scales == nullptr ? "no scales" : "scales that begin within a float");
        }
    }
    return 0;
}

int enter(const candor_device* device, const Where& where) {
    return report(cudaSetDevice(device->ordinal), where, "device %d", device->ordinal);
}

int enter(const candor_stream* stream, const Where& where) {
    return enter(stream->device, where);
}

int not_in_capture(const candor_device* device, const Where& where) {
    return device->captures == 0 ? 0
                                 : refuse(CANDOR_IN_CAPTURE, where, "a capture is going on, and takes no such call");
}

int not_in_capture(const candor_stream* stream, const Where& where) {
    return stream->in_capture ? refuse(CANDOR_IN_CAPTURE, where, "the stream is in a capture, and takes no such call") : 0;
}

}  // namespace candor

using candor::enter;
using candor::report;

CANDOR_API int candor_api_version(void) {
    return CANDOR_API_VERSION;
}

CANDOR_API int candor_is_emulated(void) {
#ifdef CANDOR_EMULATED
    return 1;
#else
    return 0;
#endif
}

CANDOR_API const char* candor_last_error(void) {
    return candor::last_error == nullptr ? "" : candor::last_error->c_str();
}

CANDOR_API int candor_device_count(int32_t* count) {
    int found = 0;
    const cudaError_t code = cudaGetDeviceCount(&found);
    *count = code == cudaSuccess ? found : 0;
    const candor::Where where = CANDOR_WHERE("deviceCount");
    int driver = 0;
    int runtime = 0;
    if (code == cudaErrorInsufficientDriver && cudaDriverGetVersion(&driver) == cudaSuccess && driver > 0
        && cudaRuntimeGetVersion(&runtime) == cudaSuccess) {
        return candor::refuse(
            CANDOR_UNSUPPORTED, where, "the driver is for CUDA %d.%d, and the kernels want one for %d.%d or newer; update it",
            driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
    }
    if (code == cudaErrorNoDevice || code == cudaErrorInsufficientDriver) {
        cudaGetLastError();  // or the next call would find it
        return 0;
    }
    return report(code, where);
}

CANDOR_API int candor_device_open(candor_device** device, int32_t ordinal) {
    const candor::Where where = CANDOR_WHERE("deviceOpen");
    int status = report(cudaSetDevice(ordinal), where, "device %d", ordinal);
    cudaDeviceProp properties;
    if (status == 0) status = report(cudaGetDeviceProperties(&properties, ordinal), where, "device %d", ordinal);
    if (status != 0) return status;
    const int architecture = 10 * properties.major + properties.minor;
    if (architecture < 80) {
        return candor::refuse(
            CANDOR_UNSUPPORTED, where, "%s is of compute capability %d.%d, and the kernels want 8.0 or newer", properties.name,
            properties.major, properties.minor);
    }
    *device = new candor_device;
    (*device)->ordinal = ordinal;
    (*device)->architecture = architecture;
    (*device)->multiprocessors = properties.multiProcessorCount;
    return 0;
}

CANDOR_API int candor_device_describe(candor_device_properties* out, candor_device* device) {
    const candor::Where where = CANDOR_WHERE("deviceDescribe");
    cudaDeviceProp properties;
    int driver = 0;
    int runtime = 0;
    int clock = 0;
    int status = report(cudaGetDeviceProperties(&properties, device->ordinal), where);
    if (status == 0) status = report(cudaDriverGetVersion(&driver), where);
    if (status == 0) status = report(cudaRuntimeGetVersion(&runtime), where);
#ifndef CANDOR_EMULATED
    if (status == 0) status = report(cudaDeviceGetAttribute(&clock, cudaDevAttrClockRate, device->ordinal), where);
#endif
    if (status != 0) return status;
    *out = candor_device_properties{};
    snprintf(out->name, sizeof out->name, "%s", properties.name);
    out->major = properties.major;
    out->minor = properties.minor;
    out->multiprocessors = properties.multiProcessorCount;
    out->driver_version = driver;
    out->runtime_version = runtime;
    out->clock_khz = clock;
    out->memory_bytes = static_cast<int64_t>(properties.totalGlobalMem);
    out->shared_bytes_per_block = static_cast<int64_t>(properties.sharedMemPerBlockOptin);
    out->l2_bytes = properties.l2CacheSize;
    return 0;
}
