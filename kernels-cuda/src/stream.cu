// Streams and events.
#include "api.h"

using candor::enter;
using candor::report;
using candor::Where;

CANDOR_API int candor_stream_create(candor_stream** stream, candor_device* device) {
    const Where where = CANDOR_WHERE("streamCreate");
    cudaStream_t handle = nullptr;
    int status = enter(device, where);
    if (status == 0) status = report(cudaStreamCreateWithFlags(&handle, cudaStreamNonBlocking), where);
    if (status != 0) return status;
    *stream = new candor_stream;
    (*stream)->device = device;
    (*stream)->handle = handle;
    return 0;
}

CANDOR_API int candor_stream_destroy(candor_stream* stream) {
    const Where where = CANDOR_WHERE("streamDestroy");
    int status = not_in_capture(stream, where);
    if (status != 0) return status;
    status = enter(stream, where);
    if (status == 0) status = report(cudaStreamSynchronize(stream->handle), where);
    if (stream->scratch != nullptr) candor_memory_release(stream->scratch, stream->device);
    const int destroyed = report(cudaStreamDestroy(stream->handle), where);
    delete stream;
    return status != 0 ? status : destroyed;
}

CANDOR_API int candor_stream_synchronise(candor_stream* stream) {
    const Where where = CANDOR_WHERE("streamSynchronise");
    int status = not_in_capture(stream, where);
    if (status == 0) status = enter(stream, where);
    return status != 0 ? status : report(cudaStreamSynchronize(stream->handle), where);
}

CANDOR_API int candor_event_create(candor_event** event, candor_device* device) {
    const Where where = CANDOR_WHERE("eventCreate");
    cudaEvent_t handle = nullptr;
    int status = enter(device, where);
    if (status == 0) status = report(cudaEventCreateWithFlags(&handle, 0), where);
    if (status != 0) return status;
    *event = new candor_event;
    (*event)->device = device;
    (*event)->handle = handle;
    return 0;
}

CANDOR_API int candor_event_destroy(candor_event* event) {
    const Where where = CANDOR_WHERE("eventDestroy");
    int status = enter(event->device, where);
    if (status == 0) status = report(cudaEventDestroy(event->handle), where);
    delete event;
    return status;
}

CANDOR_API int candor_event_record(candor_event* event, candor_stream* stream) {
    const Where where = CANDOR_WHERE("eventRecord");
    const int status = enter(stream, where);
    return status != 0 ? status : report(cudaEventRecord(event->handle, stream->handle), where);
}

CANDOR_API int candor_event_wait(candor_stream* stream, candor_event* event) {
    const Where where = CANDOR_WHERE("eventWait");
    const int status = enter(stream, where);
    return status != 0 ? status : report(cudaStreamWaitEvent(stream->handle, event->handle, 0), where);
}

CANDOR_API int candor_event_synchronise(candor_event* event) {
    const Where where = CANDOR_WHERE("eventSynchronise");
    int status = not_in_capture(event->device, where);
    if (status == 0) status = enter(event->device, where);
    return status != 0 ? status : report(cudaEventSynchronize(event->handle), where);
}

CANDOR_API int candor_event_elapsed(float* milliseconds, candor_event* start, candor_event* end) {
    return report(cudaEventElapsedTime(milliseconds, start->handle, end->handle), CANDOR_WHERE("eventElapsed"));
}
