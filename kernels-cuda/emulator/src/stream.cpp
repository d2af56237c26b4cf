// Streams, events, copies and graphs. Work runs when it is queued, or, with streams=lazy, when somebody synchronises: then
// in a random order that streams and events allow, which shows a missing wait.
#include <chrono>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "config.h"
#include "emulator/host_api.h"
#include "report.h"

struct emulated_graph {
    std::vector<std::function<void()>> work;
};

struct Operation {
    enum Kind { work, record, wait } kind;
    std::function<void()> run;
    emulated_event* event;
    uint64_t ticket;  // which recording of the event
};

struct emulated_stream {
    std::deque<Operation> queue;
    std::shared_ptr<emulated_graph> capture;
    bool captures_first = false;  // the stream that began the capture
};

struct emulated_event {
    uint64_t recorded = 0, happened = 0;
    std::chrono::steady_clock::time_point time;
    std::shared_ptr<emulated_graph> capture;  // recorded in a capture: who waits for it joins the capture
};

namespace {

std::recursive_mutex mutex;
using Lock = std::lock_guard<std::recursive_mutex>;

struct Streams {
    emulated_stream first;  // stream 0
    std::set<emulated_stream*> all{&first};
    uint64_t random = 1;
};

Streams& streams() {
    static Streams* s = new Streams();
    return *s;
}

emulated_stream& of(cudaStream_t stream) {
    return stream ? *stream : streams().first;
}

bool known(cudaStream_t stream) {
    return !stream || streams().all.count(stream);
}

// Whether the stream's next operation can happen now.
bool ready(const emulated_stream& stream) {
    if (stream.queue.empty()) return false;
    const Operation& next = stream.queue.front();
    return next.kind != Operation::wait || next.event->happened >= next.ticket;
}

void happen(emulated_event& event, uint64_t ticket) {
    event.happened = ticket;
    event.time = std::chrono::steady_clock::now();
}

void step(emulated_stream& stream) {
    Operation next = std::move(stream.queue.front());
    stream.queue.pop_front();
    if (next.kind == Operation::work) next.run();
    if (next.kind == Operation::record) happen(*next.event, next.ticket);
}

// Lets work happen, stream by stream at random, until done() or nothing is left.
template <class Done>
void drain(Done done) {
    while (!done()) {
        std::vector<emulated_stream*> able;
        for (emulated_stream* s : streams().all) {
            if (ready(*s)) able.push_back(s);
        }
        if (able.empty()) return;
        uint64_t& x = streams().random;
        x = (x ^ emulator::config.seed) * 6364136223846793005ull + 1442695040888963407ull;
        step(*able[(x >> 33) % able.size()]);
    }
}

void submit(emulated_stream& stream, Operation operation) {
    stream.queue.push_back(std::move(operation));
    if (!emulator::config.lazy_streams) drain([&] { return stream.queue.empty(); });
}

cudaError_t status() {
    return emulator::device_failed() ? cudaErrorLaunchFailure : cudaSuccess;
}

}  // namespace

void emulator::enqueue(cudaStream_t stream, std::function<void()> work) {
    Lock lock(mutex);
    emulated_stream& s = of(stream);
    if (s.capture) {
        s.capture->work.push_back(std::move(work));
    } else {
        submit(s, {Operation::work, std::move(work), nullptr, 0});
    }
}

extern "C" {

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    emulator::enqueue(stream, [=] { memmove(to, from, bytes); });
    return status();
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
    size_t height, cudaMemcpyKind, cudaStream_t stream) {
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    if (width > to_pitch || width > from_pitch) return cudaErrorInvalidValue;
    emulator::enqueue(stream, [=] {
        for (size_t i = 0; i < height; i++) memcpy((char*)to + i * to_pitch, (const char*)from + i * from_pitch, width);
    });
    return status();
}

cudaError_t cudaMemsetAsync(void* p, int value, size_t bytes, cudaStream_t stream) {
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    emulator::enqueue(stream, [=] { memset(p, value, bytes); });
    return status();
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    return cudaStreamSynchronize(nullptr);
}

cudaError_t cudaMemset(void* p, int value, size_t bytes) {
    cudaMemsetAsync(p, value, bytes, nullptr);
    return cudaStreamSynchronize(nullptr);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    Lock lock(mutex);
    *stream = new emulated_stream();
    streams().all.insert(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    Lock lock(mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    if (of(stream).capture) return cudaErrorStreamCaptureUnsupported;
    drain([&] { return of(stream).queue.empty(); });
    return status();
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    Lock lock(mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    return of(stream).queue.empty() ? status() : cudaErrorNotReady;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    Lock lock(mutex);
    if (!stream || !known(stream)) return cudaErrorInvalidResourceHandle;
    cudaStreamSynchronize(stream);
    streams().all.erase(stream);
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
    Lock lock(mutex);
    drain([] { return false; });
    return status();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new emulated_event();
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    Lock lock(mutex);
    drain([&] { return event->happened == event->recorded; });
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    Lock lock(mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    emulated_stream& s = of(stream);
    event->capture = s.capture;
    if (s.capture) return cudaSuccess;
    event->recorded++;
    submit(s, {Operation::record, nullptr, event, event->recorded});
    return status();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    Lock lock(mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    emulated_stream& s = of(stream);
    if (event->capture) {
        if (s.capture && s.capture != event->capture) return cudaErrorStreamCaptureUnsupported;
        s.capture = event->capture;  // the order in which work is captured is one that the events allow
        return cudaSuccess;
    }
    if (s.capture) return cudaErrorStreamCaptureUnsupported;
    if (event->recorded) submit(s, {Operation::wait, nullptr, event, event->recorded});
    return status();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    Lock lock(mutex);
    const uint64_t ticket = event->recorded;
    drain([&] { return event->happened >= ticket; });
    return status();
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    Lock lock(mutex);
    return event->happened == event->recorded ? status() : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    Lock lock(mutex);
    if (!from->happened || !to->happened) return cudaErrorInvalidResourceHandle;
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return status();
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
    Lock lock(mutex);
    if (!stream || !known(stream)) return cudaErrorStreamCaptureUnsupported;  // the default stream cannot be captured
    if (stream->capture) return cudaErrorStreamCaptureInvalidated;
    stream->capture = std::make_shared<emulated_graph>();
    stream->captures_first = true;
    return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    Lock lock(mutex);
    *graph = nullptr;
    if (!stream || !known(stream) || !stream->capture || !stream->captures_first) {
        return cudaErrorStreamCaptureInvalidated;
    }
    const auto capture = stream->capture;
    *graph = new emulated_graph(*capture);
    stream->captures_first = false;
    for (emulated_stream* s : streams().all) {
        if (s->capture == capture) s->capture = nullptr;
    }
    return cudaSuccess;
}

cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* capturing) {
    Lock lock(mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    *capturing = of(stream).capture ? cudaStreamCaptureStatusActive : cudaStreamCaptureStatusNone;
    return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
    if (!graph) return cudaErrorInvalidValue;
    *executable = new emulated_graph(*graph);
    return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    for (const auto& work : executable->work) emulator::enqueue(stream, work);
    return status();
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
