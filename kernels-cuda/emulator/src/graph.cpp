// Captures and graphs: a capture keeps work in place of running it, a graph's launch queues it again, argument values and all.
#include <algorithm>

#include "report.h"
#include "stream.h"

using namespace emulator;

namespace emulator {

cudaError_t capture(emulated_stream& stream, std::function<void()> work) {
    Capture& c = *stream.capture;
    if (c.broken) return cudaErrorStreamCaptureInvalidated;
    c.work.push_back(std::move(work));
    stream.seen[&stream] = ++c.time;
    return cudaSuccess;
}

cudaError_t join_capture(emulated_stream& stream, const emulated_event& event) {
    if (event.capture->ended) return cudaErrorCapturedEvent;
    if (stream.capture && stream.capture != event.capture) {
        stream.capture->broken = event.capture->broken = true;
        return cudaErrorStreamCaptureUnsupported;
    }
    if (event.capture->broken) return cudaErrorStreamCaptureInvalidated;
    stream.capture = event.capture;  // the order in which work is captured is one that the events allow
    for (const auto& [other, time] : event.seen) stream.seen[other] = std::max(stream.seen[other], time);
    return cudaSuccess;
}

cudaError_t break_capture(Capture& capture) {
    capture.broken = true;
    return cudaErrorStreamCaptureUnsupported;
}

cudaError_t forbidden_in_capture() {
    Lock lock(streams_mutex);
    cudaError_t result = cudaSuccess;
    for (emulated_stream* s : streams().all) {
        if (!s->captures_first || s->capture->mode == cudaStreamCaptureModeRelaxed) continue;
        const bool ours = s->capture->thread == std::this_thread::get_id();
        if (ours || s->capture->mode == cudaStreamCaptureModeGlobal) result = break_capture(*s->capture);
    }
    return result;
}

}  // namespace emulator

namespace {

// Whether the first stream has waited for all that others were asked for.
bool joined(const emulated_stream& first) {
    for (const emulated_stream* s : streams().all) {
        if (s == &first || s->capture != first.capture) continue;
        const auto own = s->seen.find(s), seen = first.seen.find(s);
        if (own != s->seen.end() && (seen == first.seen.end() || seen->second < own->second)) return false;
    }
    return true;
}

}  // namespace

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    Lock lock(streams_mutex);
    if (!stream) return cudaErrorStreamCaptureUnsupported;  // the default stream cannot be captured
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return cudaErrorIllegalState;
    stream->capture = std::make_shared<Capture>();
    stream->capture->mode = mode;
    stream->capture->thread = std::this_thread::get_id();
    stream->captures_first = true;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    Lock lock(streams_mutex);
    *graph = nullptr;
    if (!stream || !known(stream) || !stream->capture) return cudaErrorIllegalState;
    const auto capture = stream->capture;
    if (!stream->captures_first) return capture->broken = true, cudaErrorStreamCaptureUnmatched;
    if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id()) {
        return cudaErrorStreamCaptureWrongThread;
    }
    const bool whole = joined(*stream);
    stream->captures_first = false;
    for (emulated_stream* s : streams().all) {
        if (s->capture != capture) continue;
        s->capture = nullptr;
        s->seen.clear();
    }
    capture->ended = true;
    if (capture->broken) return cudaErrorStreamCaptureInvalidated;
    if (!whole) return cudaErrorStreamCaptureUnjoined;
    *graph = new emulated_graph{std::move(capture->work)};
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* capturing) {
    Lock lock(streams_mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    const auto& capture = of(stream).capture;
    *capturing = !capture      ? cudaStreamCaptureStatusNone
        : capture->broken ? cudaStreamCaptureStatusInvalidated
                          : cudaStreamCaptureStatusActive;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    if (!graph) return cudaErrorInvalidValue;
    *executable = new emulated_graph(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    for (const auto& work : executable->work) {
        if (const int queued = emulator::enqueue(stream, work)) return (cudaError_t)queued;
    }
    return device_failed() ? cudaErrorLaunchFailure : cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
    delete graph;
    return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    delete executable;
    return cudaSuccess;
}
}
