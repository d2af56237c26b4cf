#include "collective.h"

#include "config.h"
#include "emulator/collectives.h"

namespace emulator {
namespace {

const char* const kShuffle = "shfl.sync";
const char* const kVote = "vote.sync";
const char* const kSyncWarp = "bar.warp.sync";

struct ShuffleLane {
    uint32_t value, result;
    int argument, width;
    Shuffle kind;
};

int source_lane(const ShuffleLane& l, int lane) {
    const int base = lane & ~(l.width - 1);
    const int end = base + l.width;
    switch (l.kind) {
        case Shuffle::index: return base + (l.argument & (l.width - 1));
        case Shuffle::up: return lane - l.argument < base ? lane : lane - l.argument;
        case Shuffle::down: return lane + l.argument >= end ? lane : lane + l.argument;
        default: return (lane ^ l.argument) >= end ? lane : lane ^ l.argument;
    }
}

struct VoteLane {
    bool predicate;
    uint32_t result;
};

}  // namespace

uint32_t shuffle(uint32_t mask, uint32_t value, int argument, int width, Shuffle kind) {
    constexpr uint32_t kUndefined = 0xDEADBEEF;  // from a lane that is not there: undefined on the device too
    ShuffleLane mine{value, value, argument, width, kind};
    meet(kShuffle, mask, &mine, [](Meeting& meeting, Warp&) {
        for_each_lane<ShuffleLane>(meeting, [&](ShuffleLane& l, int lane) {
            const int from = source_lane(l, lane);
            l.result = meeting.mask >> from & 1 ? ((ShuffleLane*)meeting.argument[from])->value : kUndefined;
        });
    });
    return mine.result;
}

uint32_t ballot(uint32_t mask, bool predicate) {
    VoteLane mine{predicate, 0};
    meet(kVote, mask, &mine, [](Meeting& meeting, Warp&) {
        uint32_t votes = 0;
        for_each_lane<VoteLane>(meeting, [&](VoteLane& l, int lane) { votes |= (uint32_t)l.predicate << lane; });
        for_each_lane<VoteLane>(meeting, [&](VoteLane& l, int) { l.result = votes; });
    });
    return mine.result;
}

void sync_warp(uint32_t mask) {
    meet(kSyncWarp, mask, nullptr, [](Meeting& meeting, Warp& warp) {
        if (!config.race) return;
        // Orders memory, as a shuffle does not.
        VectorClock all;
        for (int lane = 0; lane < 32; lane++) {
            if (meeting.mask >> lane & 1) join(all, warp.lanes[lane]->clock);
        }
        for (int lane = 0; lane < 32; lane++) {
            if (!(meeting.mask >> lane & 1)) continue;
            warp.lanes[lane]->clock = all;
            warp.lanes[lane]->now()++;
        }
    });
}

}  // namespace emulator
