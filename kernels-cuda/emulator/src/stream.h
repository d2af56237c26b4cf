// What stream.cpp and graph.cpp share: queues of work, events, and captures. A capture keeps what its streams are asked for,
// in an order that their events allow, and runs none of it.
#pragma once
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "emulator/host_api.h"

struct emulated_graph {
    std::vector<std::function<void()>> work;
};

namespace emulator {

struct Capture {
    std::vector<std::function<void()>> work;
    cudaStreamCaptureMode mode;
    std::thread::id thread;  // that began it
    bool broken = false;     // something came in between that no capture allows
    bool ended = false;
    uint64_t time = 0;       // pieces of work so far
};

// How much of each stream's captured work comes before a point.
using Seen = std::map<const emulated_stream*, uint64_t>;

struct Operation {
    enum Kind { work, record, wait } kind;
    std::function<void()> run;
    emulated_event* event;
    uint64_t ticket;  // which recording of the event
};

}  // namespace emulator

struct emulated_stream {
    std::deque<emulator::Operation> queue;
    std::shared_ptr<emulator::Capture> capture;
    emulator::Seen seen;
    bool captures_first = false;  // the stream that began the capture
};

struct emulated_event {
    uint64_t recorded = 0, happened = 0;
    std::chrono::steady_clock::time_point time;
    std::shared_ptr<emulator::Capture> capture;  // recorded in a capture: who waits for it joins the capture
    emulator::Seen seen;
};

namespace emulator {

extern std::recursive_mutex streams_mutex;
using Lock = std::lock_guard<std::recursive_mutex>;

struct Streams {
    emulated_stream first;  // stream 0
    std::set<emulated_stream*> all{&first};
    uint64_t random = 1;
};

Streams& streams();
emulated_stream& of(cudaStream_t stream);
bool known(cudaStream_t stream);

// Keeps work of a stream that is in a capture.
cudaError_t capture(emulated_stream& stream, std::function<void()> work);

// The stream waits, in a capture, for an event of it.
cudaError_t join_capture(emulated_stream& stream, const emulated_event& event);

// For a call about a stream of this capture that no capture allows: from here on it cannot be ended well.
cudaError_t break_capture(Capture& capture);

// For calls that may wait for the device, whatever they are about: cudaSuccess, or the refusal that a capture of this
// thread's, or one for all threads, wants; it is broken then.
cudaError_t forbidden_in_capture();

}  // namespace emulator
