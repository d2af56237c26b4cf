// Streams, events and copies. Work runs when it is queued, or, with streams=lazy, when somebody synchronises: then in a
// random order that streams and events allow, which shows a missing wait. Work of a stream in a capture is kept: graph.cpp.
#include "stream.h"

#include <cstring>

#include "config.h"
#include "memory.h"
#include "report.h"

using namespace emulator;

namespace emulator {

std::recursive_mutex streams_mutex;

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

}  // namespace emulator

namespace {

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

int emulator::enqueue(cudaStream_t stream, std::function<void()> work) {
    Lock lock(streams_mutex);
    emulated_stream& s = of(stream);
    if (s.capture) return capture(s, std::move(work));
    submit(s, {Operation::work, std::move(work), nullptr, 0});
    return cudaSuccess;
}

namespace {

// Queues a copy. A capture takes none from or to memory that the host may move: what it copies is there at each launch.
cudaError_t copy(cudaStream_t stream, const void* to, const void* from, size_t to_bytes, size_t from_bytes,
    std::function<void()> work) {
    {
        Lock lock(streams_mutex);
        if (!known(stream)) return cudaErrorInvalidResourceHandle;
        emulated_stream& s = of(stream);
        if (s.capture && !s.capture->broken && !(stays(to, to_bytes) && stays(from, from_bytes))) {
            s.capture->broken = true;
            return cudaErrorStreamCaptureUnsupported;
        }
    }
    const int queued = emulator::enqueue(stream, std::move(work));
    return queued ? (cudaError_t)queued : status();
}

}  // namespace

extern "C" {

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind, cudaStream_t stream) {
    return copy(stream, to, from, bytes, bytes, [=] { memmove(to, from, bytes); });
}

cudaError_t cudaMemcpy2DAsync(void* to, size_t to_pitch, const void* from, size_t from_pitch, size_t width,
    size_t height, cudaMemcpyKind, cudaStream_t stream) {
    if (width > to_pitch || width > from_pitch) return cudaErrorInvalidValue;
    if (!width || !height) return cudaSuccess;
    return copy(stream, to, from, (height - 1) * to_pitch + width, (height - 1) * from_pitch + width, [=] {
        for (size_t i = 0; i < height; i++) memcpy((char*)to + i * to_pitch, (const char*)from + i * from_pitch, width);
    });
}

cudaError_t cudaMemsetAsync(void* p, int value, size_t bytes, cudaStream_t stream) {
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    const int queued = emulator::enqueue(stream, [=] { memset(p, value, bytes); });
    return queued ? (cudaError_t)queued : status();
}

cudaError_t cudaMemcpy(void* to, const void* from, size_t bytes, cudaMemcpyKind kind) {
    if (const cudaError_t forbidden = forbidden_in_capture()) return forbidden;
    cudaMemcpyAsync(to, from, bytes, kind, nullptr);
    return cudaStreamSynchronize(nullptr);
}

cudaError_t cudaMemset(void* p, int value, size_t bytes) {
    if (const cudaError_t forbidden = forbidden_in_capture()) return forbidden;
    cudaMemsetAsync(p, value, bytes, nullptr);
    return cudaStreamSynchronize(nullptr);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
    Lock lock(streams_mutex);
    *stream = new emulated_stream();
    streams().all.insert(*stream);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    Lock lock(streams_mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    if (of(stream).capture) return break_capture(*of(stream).capture);
    drain([&] { return of(stream).queue.empty(); });
    return status();
}

cudaError_t cudaStreamQuery(cudaStream_t stream) {
    Lock lock(streams_mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    if (of(stream).capture) return break_capture(*of(stream).capture);
    return of(stream).queue.empty() ? status() : cudaErrorNotReady;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    Lock lock(streams_mutex);
    if (!stream || !known(stream)) return cudaErrorInvalidResourceHandle;
    if (stream->capture) return break_capture(*stream->capture);
    cudaStreamSynchronize(stream);
    streams().all.erase(stream);
    delete stream;
    return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
    Lock lock(streams_mutex);
    for (emulated_stream* s : streams().all) {
        if (s->capture) return break_capture(*s->capture);
    }
    drain([] { return false; });
    return status();
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
    *event = new emulated_event();
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event) {
    Lock lock(streams_mutex);
    drain([&] { return event->happened == event->recorded; });
    delete event;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
    Lock lock(streams_mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    emulated_stream& s = of(stream);
    event->capture = s.capture;
    if (s.capture) {
        event->seen = s.seen;
        return s.capture->broken ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
    }
    event->recorded++;
    submit(s, {Operation::record, nullptr, event, event->recorded});
    return status();
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
    Lock lock(streams_mutex);
    if (!known(stream)) return cudaErrorInvalidResourceHandle;
    emulated_stream& s = of(stream);
    if (event->capture) return join_capture(s, *event);
    if (s.capture) {
        s.capture->broken = true;
        return cudaErrorStreamCaptureIsolation;
    }
    if (event->recorded) submit(s, {Operation::wait, nullptr, event, event->recorded});
    return status();
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
    Lock lock(streams_mutex);
    if (event->capture) return cudaErrorCapturedEvent;
    const uint64_t ticket = event->recorded;
    drain([&] { return event->happened >= ticket; });
    return status();
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
    Lock lock(streams_mutex);
    if (event->capture) return cudaErrorCapturedEvent;
    return event->happened == event->recorded ? status() : cudaErrorNotReady;
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
    Lock lock(streams_mutex);
    if (from->capture || to->capture) return cudaErrorCapturedEvent;
    if (!from->happened || !to->happened) return cudaErrorInvalidResourceHandle;
    *milliseconds = std::chrono::duration<float, std::milli>(to->time - from->time).count();
    return status();
}
}
