// Captures of a stream's work, and graphs made of them.
#include "api.h"

using candor::enter;
using candor::report;
using candor::Where;

CANDOR_API int candor_graph_begin(candor_stream* stream) {
    const Where where = CANDOR_WHERE("graphBegin");
    int status = not_in_capture(stream, where);
    if (status == 0) status = enter(stream, where);
    // Of this thread's: what other threads do with the device is not the capture's business.
    if (status == 0) status = report(cudaStreamBeginCapture(stream->handle, cudaStreamCaptureModeThreadLocal), where);
    if (status != 0) return status;
    stream->in_capture = true;
    stream->device->captures++;
    return 0;
}

CANDOR_API int candor_graph_end(candor_graph** graph, candor_stream* stream) {
    const Where where = CANDOR_WHERE("graphEnd");
    *graph = nullptr;
    if (!stream->in_capture) return candor::refuse(CANDOR_BAD_ARGUMENT, where, "the stream is in no capture");
    stream->in_capture = false;
    stream->device->captures--;
    cudaGraph_t kept = nullptr;
    cudaGraphExec_t handle = nullptr;
    int status = enter(stream, where);
    if (status == 0) status = report(cudaStreamEndCapture(stream->handle, &kept), where, "the capture");
    if (status == 0) status = report(cudaGraphInstantiate(&handle, kept, 0), where, "the graph");
    if (kept != nullptr) cudaGraphDestroy(kept);
    if (status != 0) {
        cudaGetLastError();  // or the next launch would find it
        return status;
    }
    *graph = new candor_graph;
    (*graph)->stream = stream;
    (*graph)->handle = handle;
    (*graph)->scratch_moves = stream->scratch_moves;
    return 0;
}

CANDOR_API int candor_graph_launch(candor_graph* graph) {
    const Where where = CANDOR_WHERE("graphLaunch");
    candor_stream* stream = graph->stream;
    int status = not_in_capture(stream, where);
    if (status != 0) return status;
    if (graph->scratch_moves != stream->scratch_moves) {
        return candor::refuse(CANDOR_STALE_GRAPH, where, "scratch memory has moved since the capture");
    }
    status = enter(stream, where);
    return status != 0 ? status : report(cudaGraphLaunch(graph->handle, stream->handle), where);
}

CANDOR_API int candor_graph_destroy(candor_graph* graph) {
    const Where where = CANDOR_WHERE("graphDestroy");
    int status = enter(graph->stream, where);
    if (status == 0) status = report(cudaGraphExecDestroy(graph->handle), where);
    delete graph;
    return status;
}
